"""Batches have the size of a request, make room for newer ones, and count each span once."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cruddur_tracing.wires.otlp.batches import BATCH_BYTES, BATCH_SPANS, Batch, Batches

GROUP = ((b"\x0a\x00", b""), (b"\x0a\x00", b""))


def add(batches: Batches, count: int, size: int = 10) -> int:
    """Add so many spans of a size and return how many were dropped."""
    return sum(batches.add(GROUP, b"x" * size)[0] for _ in range(count))


def sizes(batches: Batches) -> list[int]:
    """Take all and return how many spans each batch has."""
    taken = []
    batches.seal()
    while (batch := batches.take()) is not None:
        taken.append(batch.spans)
        batches.done()
    return taken


def test_a_batch_is_full_by_count() -> None:
    """The last one is not."""
    batches = Batches(1 << 30)
    assert add(batches, 2 * BATCH_SPANS + 3) == 0
    assert len(batches) == 2 * BATCH_SPANS + 3
    assert sizes(batches) == [BATCH_SPANS, BATCH_SPANS, 3]
    assert len(batches) == 0


def test_a_batch_is_full_by_bytes() -> None:
    """A span that is larger than a batch has one for itself."""
    batches = Batches(1 << 30)
    for size in (10, BATCH_BYTES - 10, 1, 2 * BATCH_BYTES, 1):
        add(batches, 1, size)
    assert sizes(batches) == [2, 1, 1, 1]


def test_the_oldest_batches_make_room() -> None:
    """What is dropped and what is taken is what was added."""
    batches = Batches(BATCH_SPANS * 10 * 3)
    dropped = add(batches, 10 * BATCH_SPANS)
    assert dropped == 7 * BATCH_SPANS
    assert sum(sizes(batches)) == 3 * BATCH_SPANS


def test_a_span_that_is_larger_than_the_queue_is_dropped() -> None:
    """With everything that came before it."""
    batches = Batches(100)
    assert (add(batches, 1), add(batches, 1, 101), len(batches)) == (0, 2, 0)


def test_what_was_taken_counts_until_it_is_done_with() -> None:
    """It waits again, as the oldest, when it is put back."""
    batches = Batches(1 << 30)
    add(batches, BATCH_SPANS + 1)
    first = batches.take()
    assert first is not None
    assert len(batches) == BATCH_SPANS + 1
    assert batches.put_back() == 0
    assert batches.take() is first
    assert (batches.done(), batches.done(), len(batches)) == (BATCH_SPANS, 0, 1)


def test_what_is_added_meanwhile_waits_until_it_is_sealed() -> None:
    """Or else each span would make a request of its own."""
    batches = Batches(1 << 30)
    add(batches, 2)
    assert batches.take() is None
    batches.seal()
    add(batches, 1)
    first = batches.take()
    assert first is not None
    assert (first.spans, batches.done(), batches.take(), len(batches)) == (2, 2, None, 1)


def test_what_is_put_back_may_be_dropped() -> None:
    """If others have filled the queue meanwhile."""
    batches = Batches(BATCH_SPANS * 10)
    add(batches, BATCH_SPANS)
    batches.seal()
    batches.take()
    assert add(batches, 1) == 1  # the batch that was taken is not there to be dropped
    assert batches.put_back() == 0


def test_a_closed_queue_counts_everything_once() -> None:
    """What waits, what was taken, and what comes later."""
    batches = Batches(1 << 30)
    add(batches, BATCH_SPANS + 5)
    batches.take()
    assert batches.close() == BATCH_SPANS + 5
    assert (batches.done(), batches.put_back(), add(batches, 2), len(batches), batches.take()) == (0, 0, 2, 0, None)


def test_only_the_first_span_ends_a_rest() -> None:
    """And there is no rest while something waits."""
    batches = Batches(1 << 30)
    assert [batches.add(GROUP, b"x")[1] for _ in range(3)] == [True, False, False]
    assert not batches.rest()
    assert not batches.add(GROUP, b"x")[1]
    sizes(batches)
    assert batches.rest()
    assert batches.add(GROUP, b"x")[1]


def test_an_empty_batch_is_an_empty_message() -> None:
    """And a large one has lengths of several bytes."""
    assert Batch().pieces() == []
    batch = Batch()
    for _ in range(100):
        batch.add(GROUP, b"\x12\x81\x01\x2a\x7f" + b"n" * 127)
    (resource,) = ExportTraceServiceRequest.FromString(b"".join(batch.pieces())).resource_spans
    assert [span.name for span in resource.scope_spans[0].spans] == ["n" * 127] * 100
