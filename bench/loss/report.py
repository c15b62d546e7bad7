"""The table of the loss benchmark. Pure."""

from collections.abc import Iterator

from bench import table
from bench.loss.outcome import Outcome, WireOutcome
from bench.loss.rows import Row

HEADER = ("what", "worker", "recorder", "requests", "spans", "segments", "counted", "exit", "notes")
LEGEND = "Spans and segments: received / lost / doubled. Counted: what cruddur_tracing's own counts say is lost."


def cells(row: Row, recorder: str, outcome: Outcome) -> tuple[str, ...]:
    """Return a line of the table."""
    failed = f" (+ {outcome.failed:,} failed)" if outcome.failed else ""
    return (
        row.title,
        row.worker,
        recorder,
        f"{outcome.answered:,}{failed}",
        _wire(outcome.spans),
        _wire(outcome.segments),
        "-" if outcome.counted is None else f"{outcome.counted:,}",
        f"{max(outcome.exits):.1f} s",
        "; ".join(_notes(outcome)),
    )


def _wire(wire: WireOutcome) -> str:
    return f"{wire.received:,} / {wire.lost:,} / {wire.doubled:,}"


def _notes(outcome: Outcome) -> Iterator[str]:
    if any(outcome.ages):
        yield f"at most {max(outcome.ages):.0f} ms of traffic lost"
    if outcome.growth:
        yield str(outcome.growth)
    yield from outcome.notes


def markdown(lines: list[tuple[str, ...]]) -> str:
    """Return the table with its legend."""
    return f"{table.markdown(HEADER, lines)}\n\n{LEGEND}"
