import pytest

from tests.xray_local.samples import NOW, document, text, trace_id
from tests.xray_local.state.conftest import Opener, ids, listed
from xray_local.api.filters import TraceFilter
from xray_local.state import heads
from xray_local.state.store import RangeBy, Selection
from xray_local.traces.flags import Flag
from xray_model.filter_expression import parse


def test_a_document_replaces_the_one_of_its_id(opened: Opener) -> None:
    """The SDK sends a segment again when it has grown; the last one counts."""
    store = opened()
    store.put([document(1, name="before"), document(1, 2)], now=NOW)
    store.put([document(1, name="after")], now=NOW)
    assert store.counts() == {"traces": 1, "segments": 2, "spans": 0}
    assert sorted(found.name for found in store.parsed(trace_id(1))) == ["after", "backend"]


@pytest.mark.parametrize("batches", [1, 2])
def test_an_ended_segment_is_not_replaced_by_one_in_progress(opened: Opener, batches: int) -> None:
    """Datagrams may arrive in another order, in one batch or in two."""
    store = opened()
    documents = [document(1), document(1, end_time=None, in_progress=True)]
    for part in [documents] if batches == 1 else [[document_] for document_ in documents]:
        store.put(part, now=NOW)
    assert [found.end_time for found in store.parsed(trace_id(1))] == [NOW + 1]


def test_documents_beyond_the_limit_of_a_trace_are_refused(opened: Opener) -> None:
    """A trace has at most 500 KB; it is marked as incomplete."""
    store = opened()
    large = [document(1, number, metadata={"filling": "x" * 60_000}) for number in range(1, 10)]
    [refused] = store.put(large, now=NOW)
    assert (refused.id, refused.code) == (f"{9:016x}", "TraceSizeLimitExceeded")
    assert refused.message.startswith(f"trace {trace_id(1)} would have 54")
    assert store.trace(trace_id(1)) == (1.0, True)
    assert store.put([document(1, 9)], now=NOW) == []


def test_a_replaced_document_does_not_count_twice(opened: Opener) -> None:
    """Only its last size does."""
    store = opened()
    for _ in range(10):
        assert store.put([document(1, metadata={"filling": "x" * 60_000})], now=NOW) == []


def test_the_limit_evicts_whole_traces_that_arrived_first(opened: Opener) -> None:
    """A late document does not change the order."""
    store = opened(max_traces=2)
    for number in (1, 2, 1, 3):
        store.put([document(number, number), document(number, 9)], now=NOW)
    assert store.documents(trace_id(1)) == []
    assert store.counts() == {"traces": 2, "segments": 4, "spans": 0}
    assert store.evicted == 1
    assert sorted(ids(store)) == [trace_id(2), trace_id(3)]


def test_of_a_batch_beyond_the_limit_the_newest_traces_remain(opened: Opener) -> None:
    """The rest is counted as evicted."""
    store = opened(max_traces=3)
    store.put([document(number) for number in range(1, 11)], now=NOW)
    assert sorted(ids(store)) == [trace_id(8), trace_id(9), trace_id(10)]
    assert (store.evicted, store.counts()["segments"]) == (7, 3)


def test_the_limit_of_a_trace_counts_what_is_indexed_and_what_is_not(opened: Opener) -> None:
    """A part of the trace may have been read before the rest arrives."""
    store = opened()
    parts = [document(1, number, metadata={"filling": "x" * 60_000}) for number in range(1, 10)]
    for first in (0, 4):
        assert store.put(parts[first : first + 4], now=NOW) == []
        assert len(store.documents(trace_id(1))) == first + 4
    assert [item.code for item in store.put(parts[8:], now=NOW)] == ["TraceSizeLimitExceeded"]


def test_what_waits_for_a_trace_is_counted_by_the_sizes_that_were_sent(opened: Opener) -> None:
    """So a trace of spans, whose documents are longer than what was sent, waits in the log as one of segments does."""
    store = opened()
    for number in range(1, 11):
        span = document(1, number, metadata={"otel": {}, "default": {"text": "x" * 50_000}})
        store.put([span._replace(wire="otlp", size=10_000)], now=NOW)
    assert store.waiting_rows == 10


def test_a_call_that_is_not_logged_leaves_room_for_the_next(opened: Opener) -> None:
    """What came before the document that does not fit counts once, when it has been indexed."""
    store, much = opened(), {"metadata": {"default": {"text": "x" * 60_000}}}
    store.put([document(1, 1, **much), *(document(2, number, **much) for number in range(1, 6))], now=NOW)
    assert store.waiting_rows == 0
    store.put([document(1, number, **much) for number in range(2, 6)], now=NOW)
    assert store.waiting_rows == 1


def test_a_document_that_has_no_room_when_it_is_indexed_is_counted(opened: Opener) -> None:
    """As one that another version left in the log of a file."""
    store = opened()
    for number in range(1, 10):
        store._log._waiting.clear()
        store.put([document(1, number, metadata={"filling": "x" * 60_000})], now=NOW)
    assert (store.counts()["segments"], store.not_indexed) == (8, 1)


def test_a_long_log_is_indexed_by_who_makes_it_longer(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that memory and the first read after a burst stay bounded; eviction follows."""
    monkeypatch.setattr("xray_local.state.store.ingest_log.BYTES_MAX", 10 * document(1).size)
    store = opened(max_traces=5)
    for number in range(1, 101):
        store.put([document(number)], now=NOW)
    assert store.waiting_rows <= 10
    assert store.evicted == 100 - store.waiting_rows - 5
    assert store.counts()["traces"] == 5


def test_shapes_that_no_trace_has_are_deleted(opened: Opener) -> None:
    """Otherwise names that never come again would fill the memory."""
    store = opened(max_traces=5)
    for number in range(1, 41):
        store.put([document(number, name=f"service-{number}")], now=NOW)
        while store.work():
            pass
    assert store._database.row("SELECT COUNT(*) FROM shapes")[0] <= 11
    assert len(ids(store)) == 5


def test_an_accepted_document_that_cannot_be_parsed_is_counted(opened: Opener) -> None:
    """The head of a document does not show numbers that no double holds."""
    store = opened()
    broken = text(1, 2, metadata={"huge": 1})[:-2] + "e999}}"
    found = heads.read([broken, text(1)])
    assert found is not None
    store.append(*found, [broken, text(1)], now=NOW)
    assert (store.counts()["segments"], store.not_indexed) == (1, 1)


def test_a_limit_on_bytes_evicts_whole_traces_that_arrived_first(opened: Opener) -> None:
    """A trace may be large; the newest one stays whatever its size."""
    store = opened(max_bytes=26_000)
    for number in range(1, 6):
        store.put([document(number, part, metadata={"filling": "x" * 4_000}) for part in (1, 2)], now=NOW)
    assert (sorted(ids(store)), store.evicted) == ([trace_id(3), trace_id(4), trace_id(5)], 2)
    store.put([document(6, metadata={"filling": "x" * 60_000})], now=NOW)
    assert (ids(store), store.evicted) == ([trace_id(6)], 5)
    store.put([document(6, name="small")], now=NOW)
    store.put([document(7)], now=NOW)
    assert sorted(ids(store)) == [trace_id(6), trace_id(7)]


@pytest.mark.parametrize(
    ("by", "start", "end", "found"),
    [
        ("start", NOW - 1, NOW + 1, True),
        ("start", NOW + 1, NOW + 100, False),
        ("end", NOW + 40, NOW + 60, True),
        ("end", NOW - 1, NOW + 1, False),
        ("update", NOW + 90, NOW + 110, True),
        ("update", NOW - 1, NOW + 60, False),
        ("overlap", NOW + 10, NOW + 20, True),
        ("overlap", NOW + 51, NOW + 60, False),
    ],
)
def test_a_range_is_compared_with_start_end_update_or_any_part(
    opened: Opener, by: RangeBy, start: float, end: float, *, found: bool
) -> None:
    """A trace that ran from NOW for 50 s and arrived 100 s after its start."""
    store = opened()
    store.put([document(1, end_time=NOW + 50)], now=NOW + 100)
    assert ids(store, start, end, by) == ([trace_id(1)] if found else [])


def test_traces_are_listed_from_the_newest_and_paged_by_position(opened: Opener) -> None:
    """Traces with the same start are all listed, and none twice."""
    store = opened()
    for number in range(1, 6):
        store.put([document(number, start_time=NOW - number // 3)], now=NOW)
    first = store.find(Selection(0, NOW * 2), limit=3)
    rest = store.find(Selection(0, NOW * 2), before=first.next, limit=3)
    assert rest.next is None
    assert [row.summary.id for row in first.rows + rest.rows] == [trace_id(number) for number in (2, 1, 5, 4, 3)]


@pytest.mark.parametrize("expression", ["ok", "coverage > 0.1"])
def test_a_count_that_takes_long_is_continued(opened: Opener, expression: str) -> None:
    """By columns or by the evaluator; other work may be done in between."""
    store = opened()
    store.put([document(number) for number in range(1, 101)], now=NOW)
    selection = Selection(0, NOW * 2, "start", TraceFilter(parse(expression)))
    count = store.count(selection, seconds=0.0)
    answers = 1
    while not count.is_complete:
        store.work()
        count = store.count(selection, seconds=0.001)
        answers += 1
    assert count.number == 100
    assert answers > 1


def test_a_summary_follows_a_document_that_arrives_later(opened: Opener) -> None:
    """A stored summary is dropped when its trace changes."""
    store = opened()
    store.put([document(1)], now=NOW)
    assert [row.summary.flags for row in listed(store)] == [()]
    store.put([document(1, fault=True)], now=NOW)
    assert [row.summary.flags for row in listed(store)] == [(Flag.FAULT,)]


def test_a_revision_counts_whatever_changed_the_trace(opened: Opener) -> None:
    """Also a segment that took another's place; one that was dropped does not count."""
    store = opened()
    revisions = []
    for sent in (
        document(1, end_time=None, in_progress=True),
        document(1),
        document(1, end_time=None, in_progress=True),
        document(1, 2, parent_id=f"{1:016x}"),
    ):
        store.put([sent], now=NOW)
        revisions.append(listed(store)[0].summary.revision)
    assert revisions == [1, 2, 2, 3]


def test_clear_deletes_traces_resources_and_counts(opened: Opener) -> None:
    """As in a new process."""
    store = opened(max_traces=1)
    store.put([document(1), document(2)], now=NOW)
    store.put_resource("rule", "one", {})
    store.clear()
    assert store.counts() == {"traces": 0, "segments": 0, "spans": 0}
    assert (store.evicted, list(store.resources("rule")), ids(store)) == (0, [], [])
    store.put([document(3)], now=NOW)
    assert ids(store) == [trace_id(3)]


def test_resources_are_listed_by_name_within_their_kind(opened: Opener) -> None:
    """A resource replaces the one of its name."""
    store = opened()
    for name in ("b", "a", "b"):
        store.put_resource("group", name, {"is": name})
    store.put_resource("rule", "c", {})
    assert list(store.resources("group")) == [("a", {"is": "a"}), ("b", {"is": "b"})]
    store.delete_resource("group", "a")
    assert store.resource("group", "a") is None


def test_a_cached_value_is_computed_again_after_a_change(opened: Opener) -> None:
    """Also after everything is deleted."""
    store = opened()
    seen: list[int] = []

    def count() -> int:
        seen.append(store.counts()["traces"])
        return seen[-1]

    assert [store.cached("key", count), store.cached("key", count)] == [0, 0]
    store.put([document(1)], now=NOW)
    assert [store.cached("key", count), store.cached("key", count)] == [1, 1]
    store.clear()
    assert store.cached("key", count) == 0
    assert seen == [0, 1, 0]
