"""The benchmarks' tables and verdicts from figures as values."""

from collections import Counter

from bench.loss.outcome import Outcome, WireOutcome, compare, lost_ages
from bench.loss.rows import counted, nothing_lost, short_loss
from bench.operator import figures as operator_figures
from bench.operator.latency import INTERVAL
from bench.operator.scale import OBJECTS, ListCalls, Restart, Start
from bench.processes import ROOT
from bench.requests import report
from bench.requests.measure import Figures
from bench.requests.variants import VARIANTS
from bench.sinks.received import Received, add_document

BY_KEY = {variant.key: variant for variant in VARIANTS}
ZERO = {"otlp.roots": 0, "segments.roots": 0, "peer.events": 0}


def figures(cpu: float, **received: int) -> Figures:
    counts = Counter(ZERO | {name.replace("_", "."): count for name, count in received.items()})
    return Figures(cpu=[cpu], p50=[0.001], p99=[0.002], boot=[0.3], memory=[40], sent=100, received=counts)


def test_a_variant_that_is_not_installed_has_its_reason_as_a_row() -> None:
    """It does not stop the others."""
    variants = [BY_KEY["none"], BY_KEY["ddtrace"]]
    table = report.markdown(variants, {"none": figures(0.0002)}, {"ddtrace": "ddtrace is not installed"})
    assert "not available: ddtrace is not installed" in table.splitlines()[-1]


def test_a_sink_that_received_too_little_is_reported() -> None:
    """In the table and as a line of its own."""
    measured = {"none": figures(0.0002), "both": figures(0.0005, otlp_roots=93, segments_roots=100)}
    variants = [BY_KEY["none"], BY_KEY["both"]]
    assert "OTLP 93.0 %, segments 100 %" in report.markdown(variants, measured, {})
    assert report.remarks(variants, measured) == ["both, stock: the sink received 93 otlp.roots, expected 100"]


def test_a_sink_that_received_what_was_not_sampled_is_reported() -> None:
    """A variant that records nothing must send nothing."""
    measured = {"ours-unsampled": figures(0.0002, segments_roots=2)}
    (line,) = report.remarks([BY_KEY["ours-unsampled"]], measured)
    assert line == "cruddur_tracing, not sampled: the sink received 2 segments.roots, expected 0"


def test_a_promise_that_is_not_kept_is_reported() -> None:
    """The line has the figure and the promise."""
    measured = {"none": figures(0.0002), "ours-off": figures(0.0003)}
    (line,) = report.broken([BY_KEY["none"], BY_KEY["ours-off"]], measured)
    assert line == "cruddur_tracing, switched off: CPU ratio 1.50, promised at most 1.06"


def test_entries_are_counted_once_and_doubles_apart() -> None:
    """A document with the same id arrives again; one in progress is none."""
    received = Received()
    document = {"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "a1", "subsegments": [{"id": "b2"}]}
    for sent in (document | {"in_progress": True}, document, document):
        add_document(received.segments, sent)
    assert received.segments.counts() == {"roots": 1, "entries": 2, "doubled": 2, "events": 0}
    assert received.traces()["segments"] == {"5759e988bd862e3fe1be46a994272793": 1}


def test_only_answered_requests_can_be_lost() -> None:
    """What arrives of other requests is not counted; a request lacks what did not arrive of it."""
    outcome = compare(["a", "b", "c"], {"a": 31, "b": 30, "z": 31}, each=31, doubled=2)
    assert outcome == WireOutcome(received=61, lost=32, doubled=2, lost_traces={"b", "c"})


def test_a_kill_loses_the_traffic_since_the_first_lost_response() -> None:
    """In milliseconds, for each kill; what was lost before the previous kill belongs to that."""
    answered = {"a": 9.0, "b": 9.9, "c": 19.75, "d": 30.0}
    assert [round(age) for age in lost_ages(answered, {"b", "c", "d"}, [10.0, 20.0, 25.0])] == [100, 250, 0]


def test_a_response_that_is_read_after_a_kill_is_not_one_before_the_next() -> None:
    """The worker had sent it."""
    assert [round(age) for age in lost_ages({"a": 10.01, "b": 19.9}, {"a", "b"}, [10.0, 20.0])] == [0, 100]


def test_verdicts() -> None:
    """Each names the number and the promise."""
    outcome = Outcome(spans=WireOutcome(lost=3, doubled=1), counted=2, ages=[120.0, 900.4])
    assert nothing_lost(outcome) == ["3 lost, promised 0", "1 doubled, promised 0"]
    assert counted(outcome) == ["3 lost, 2 counted"]
    assert short_loss(outcome) == ["900 ms lost, promised 250"]


def test_the_page_has_the_rows_of_the_operators_benchmark() -> None:
    """With the same columns, so that a new run replaces the table."""
    start, restart, calls = Start(2, 1, 1, 1, 1, 1), Restart(0, 1), ListCalls(1, 1)
    rows = [
        *operator_figures.scale([start], [start], restart, restart),
        *(operator_figures.list_calls(count, calls) for count in (1, OBJECTS)),
        operator_figures.ready([0.1] * 150),
        operator_figures.repaired([1.0] * 40, INTERVAL),
    ]
    page = (ROOT / "bench/README.md").read_text().partition("### The operator\n")[2]
    header, _, *lines = [line for line in page.splitlines() if line.startswith("|")]
    assert tuple(cell.strip() for cell in header[1:-1].split("|")) == operator_figures.HEADER
    assert [line[1:-1].split("|")[0].strip() for line in lines] == [row.what for row in rows]
