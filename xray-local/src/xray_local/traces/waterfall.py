"""The waterfall of one trace: its entries as rows, in the order in which a reader sees them. Pure.

It never fails on a document: a cycle of parents, a missing parent, a repeated id, an absent or skewed time become
notes on the row. Recorded times are never moved.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from xray_local.traces.body import Body, Wire
from xray_local.traces.entries import REMOTE_NAMESPACES, Entry, Trace, flatten, unlink

SKEW_SECONDS = 0.001
"""How much earlier than its parent a row may start without a note: it may be timed by another clock."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One segment, subsegment or span, with what its place says; what its document says is read when it is needed.

    `depth` is 0 for a root; `children` counts the direct ones; `is_repeat` marks an id that is recorded once more.
    """

    entry: Entry
    depth: int
    children: int
    is_repeat: bool

    @property
    def id(self) -> str:
        """The id of the (sub)segment or span, empty if it has none."""
        return self.entry.id

    @property
    def parent_id(self) -> str | None:
        """The id of the parent, whether that was received or not."""
        return self.entry.parent_id

    @property
    def wires(self) -> tuple[Wire, ...]:
        """The wires that it came by."""
        return self.entry.wires

    @property
    def body(self) -> Body:
        """Its document."""
        return self.entry.body

    @property
    def start(self) -> float:
        """Epoch seconds."""
        return self.entry.start

    @property
    def end(self) -> float | None:
        """Epoch seconds; None while it is in progress."""
        return self.entry.end

    @property
    def duration(self) -> float | None:
        """Seconds, never negative; None while in progress."""
        return None if self.end is None else max(0.0, self.end - self.start)

    @property
    def name(self) -> str:
        """The name in the segment document, or else that of the span."""
        span = None if "segments" in self.wires else Body(self.body.otel).text("name")
        return span or self.entry.name

    @property
    def kind(self) -> str:
        """What it is in the segment document, a segment or a (remote, aws) subsegment, or else the kind of span."""
        if "service_of" in self.body.otel:
            return "segment"
        if "segments" not in self.wires and self.body.wire == "otlp":
            kind = (Body(self.body.otel).text("kind") or "").removeprefix("SPAN_KIND_").lower()
            return f"{kind} span" if kind and kind != "unspecified" else "span"
        if self.entry.is_segment:
            return "segment"
        namespace = self.body.text("namespace")
        return f"{namespace} subsegment" if namespace in REMOTE_NAMESPACES else "subsegment"

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what is odd in its place or its times."""
        return tuple(_notes(self.entry, is_repeat=self.is_repeat))


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The rows of a trace, or of a part of it, and the time from the first start to the last end, in epoch seconds."""

    rows: tuple[Row, ...]
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds from the first start to the last end."""
        return self.end - self.start

    def unlink(self) -> None:
        """Remove the links of the entries, as `Trace.unlink` does."""
        unlink(row.entry for row in self.rows)

    def below(self, row_id: str) -> "Waterfall | None":
        """Return the row of that id with what is nested in it, on its own time axis; None for an unknown id."""
        first = next((index for index, row in enumerate(self.rows) if row.id == row_id), None)
        if first is None:
            return None
        depth = self.rows[first].depth
        last = first + 1
        while last < len(self.rows) and self.rows[last].depth > depth:
            last += 1
        return _framed(self.rows[first:last])


def waterfall(bodies: Iterable[Mapping[str, Any]]) -> Waterfall:
    """Return the waterfall of one trace's documents; siblings stand by recorded start, then by arrival."""
    trace = flatten(bodies)
    repeats = set(trace.repeats)
    return _framed([Row(*placed, is_repeat=placed[0] in repeats) for placed in _ordered(trace)])


def _ordered(trace: Trace) -> list[tuple[Entry, int, int]]:
    """Return entries with depth and number of children, depth first from the roots."""
    below: defaultdict[Entry | None, list[Entry]] = defaultdict(list)
    for entry in sorted((*trace.entries, *trace.repeats), key=attrgetter("order")):
        below[entry.parent].append(entry)
    result: list[tuple[Entry, int, int]] = []
    waiting = [(root, 0) for root in reversed(below[None])]
    while waiting:
        entry, depth = waiting.pop()
        children = below.get(entry)
        result.append((entry, depth, len(children or ())))
        if children:
            waiting.extend([(child, depth + 1) for child in reversed(children)])
    return result


def _notes(entry: Entry, *, is_repeat: bool) -> Iterable[str]:
    if is_repeat:
        repeated = f"id {entry.id}" if entry.id else "what contains it"
        yield f"{repeated} is recorded more than once"
    if entry.cut and entry.parent_id == entry.id:
        yield "it names itself as its parent"
    elif entry.cut:
        yield "its parents form a cycle, so it is shown as a root"
    elif entry.is_orphan:
        yield f"its parent {entry.parent_id} is not in this trace"
    start = entry.body.start
    if start is None:
        yield "it has no start time"
        return
    if entry.parent is not None and entry.parent.start - start > SKEW_SECONDS:
        yield f"it starts {(entry.parent.start - start) * 1000:.3g} ms before its parent (clock skew?)"
    if entry.end is not None and entry.end < start:
        yield "it ends before it starts"


def _framed(rows: Sequence[Row]) -> Waterfall:
    """Return the rows on their common time axis."""
    starts = [row.start for row in rows]
    start = min(starts, default=0.0)
    end = max([row.end for row in rows if row.end is not None] + starts, default=start)
    return Waterfall(rows=tuple(rows), start=start, end=end)
