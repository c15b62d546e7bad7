"""One trace as a list of linked entries: its segments, subsegments and spans. Pure.

`flatten` is the only place that decides what a trace consists of. Its rules:

- Order: documents as they arrived, each followed by what is nested in it, depth first.
- Duplicates, of each wire by itself: an id names one entry, the first one of that id that has ended, or else the first;
  among those, one that is nested in an earlier state of another entry comes last. Another one in progress is an earlier
  state of it and is dropped, with its copies of what is nested. Another one that has ended is a repeat, with what has
  no id inside it: the waterfall shows it, nothing counts it.
- Wires: if an id names an entry of a segment document and a span, they are one entry, in the place of the former, with
  the content that `both_wires.merged` returns.
- The segment that was made for a span which is a call and a local root is dropped if a segment document has that call.
- Parents: a nested entry belongs to the entry that contains it, any other to the entry that its `parent_id` names.
- Orphans: an entry whose parent was not received is a root.
- Cycles: the earliest entry of a cycle becomes a root; without a start time it counts as the latest.
- Times: an entry has ended when it has an `end_time`. Without a start time it starts with its parent; a root starts
  at its own end, or else with the trace.

Nothing here recurses, so depth is limited by memory only.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_local.traces.body import Body, Wire
from xray_local.traces.entries.both_wires import merged
from xray_local.traces.entries.entry import Entry


@dataclass(frozen=True, slots=True)
class Trace:
    """The entries of a trace in the order of arrival, and apart from them the repeats."""

    entries: tuple[Entry, ...]
    repeats: tuple[Entry, ...]

    @property
    def root(self) -> Entry:
        """The entry that the trace starts with: a segment if possible, no orphan if possible, the earliest."""
        roots = (entry for entry in self.entries if entry.parent is None)
        return min(roots, key=lambda root: (not root.is_segment, root.is_orphan, root.start, root.number))

    def unlink(self) -> None:
        """Remove the links of the entries: their cycles would keep the documents until Python collects cycles."""
        unlink((*self.entries, *self.repeats))


def unlink(entries: Iterable[Entry]) -> None:
    """Remove the links of entries."""
    for entry in entries:
        entry.parent = entry.segment = entry.container = None
        entry.children.clear()


def flatten(bodies: Iterable[Mapping[str, Any]]) -> Trace:
    """Return the entries of one trace's documents by the rules of this module."""
    unfolded = _unfolded(bodies)
    named = {entry.id: entry for entry in unfolded}
    if len(named) == len(unfolded) and "" not in named:  # the usual case: no duplicates
        return _linked(unfolded, (), named, ())
    sent = _by_wire_and_id(unfolded)
    dropped = _earlier_states(unfolded, sent)
    named = _by_id(sent)
    joined = {entry for entry in sent.values() if named[entry.id] is not entry}
    joined |= _made_for_joined(sent.values(), {entry.id for entry in joined})
    kept = [entry for entry in unfolded if entry not in dropped and entry not in joined]
    repeated = _repeats(kept, sent)
    uncounted = dropped | repeated
    for repeat in repeated:
        repeat.parent = _parent(repeat, named, dropped)
    entries = [entry for entry in kept if entry not in repeated]
    return _linked(entries, [entry for entry in kept if entry in repeated], named, uncounted)


def _linked(
    entries: Sequence[Entry], repeats: Sequence[Entry], named: Mapping[str, Entry], uncounted: Collection[Entry]
) -> Trace:
    """Return the trace of entries whose parents are those that are named, or that contain them and are counted."""
    for entry in entries:
        parent = entry.parent = _parent(entry, named, uncounted)
        if parent is not None:
            parent.children.append(entry)
    settled = _settled(entries)
    if len(settled) < len(entries):  # the rest is below a cycle
        _cut_cycles(entries)
        settled = _settled(entries)
    for repeat in repeats:
        _settle(repeat)
    _start_all((*settled, *repeats))
    return Trace(tuple(entries), tuple(repeats))


def _unfolded(bodies: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Return an entry for each document and, after it, for each subsegment nested in it at any depth."""
    found: list[Entry] = []
    waiting: list[tuple[Body, Entry | None]] = [(Body(raw), None) for raw in bodies]
    waiting.reverse()
    while waiting:
        body, container = waiting.pop()
        wires = container.wires if container else (body.wire,)
        id_ = body.raw.get("id")
        id_ = id_ if isinstance(id_, str) else ""
        entry = Entry(len(found), body, container, id_, wires, (wires[0], id_))
        found.append(entry)
        if "subsegments" in body.raw:
            waiting.extend([(nested, entry) for nested in reversed(body.subsegments)])
    return found


def _by_wire_and_id(unfolded: Iterable[Entry]) -> dict[tuple[Wire, str], Entry]:
    """Return the entry that each id names: an ended one first, then one that is no copy, then the first."""
    copies = _copies(unfolded)
    sent: dict[tuple[Wire, str], Entry] = {}
    for entry in sorted(unfolded, key=lambda entry: (entry.end is None, entry in copies, entry.number)):
        if entry.id:
            sent.setdefault(entry.key, entry)
    return sent


def _copies(unfolded: Iterable[Entry]) -> set[Entry]:
    """Return what is nested in an earlier state of an entry that has ended."""
    ended = {entry.key for entry in unfolded if entry.id and entry.end is not None}
    copies: set[Entry] = set()
    for entry in unfolded:
        container = entry.container
        if container is not None and (container in copies or (container.end is None and container.key in ended)):
            copies.add(entry)
    return copies


def _earlier_states(unfolded: Iterable[Entry], sent: Mapping[tuple[Wire, str], Entry]) -> set[Entry]:
    dropped: set[Entry] = set()
    for entry in unfolded:
        is_copy = entry.container in dropped or (entry.id and entry.end is None)
        if is_copy and sent.get(entry.key) is not entry:
            dropped.add(entry)
    return dropped


def _by_id(sent: Mapping[tuple[Wire, str], Entry]) -> dict[str, Entry]:
    """Return the entry of each id, a segment's with what came of it as a span."""
    named = {id_: entry for (_, id_), entry in sent.items()}
    for (wire, id_), entry in sent.items():
        span = sent.get(("otlp", id_))
        if wire == "segments" and span is not None:
            entry.read(merged(entry.body, span.body))
            entry.wires = ("segments", "otlp")
        if wire == "segments":
            named[id_] = entry
    return named


def _made_for_joined(entries: Iterable[Entry], joined: Collection[str]) -> set[Entry]:
    """Return the segments that `ingest.spans` made for calls which came by the other wire, too."""
    if not joined:
        return set()
    spans = (entry for entry in entries if entry.wires == ("otlp",))
    return {span for span in spans if Body(span.body.otel).text("service_of") in joined}


def _repeats(kept: Iterable[Entry], sent: Mapping[tuple[Wire, str], Entry]) -> set[Entry]:
    repeats: set[Entry] = set()
    for entry in kept:
        is_repeat = sent[entry.key] is not entry if entry.id else entry.container in repeats
        if is_repeat:
            repeats.add(entry)
    return repeats


def _parent(entry: Entry, named: Mapping[str, Entry], skipped: Collection[Entry]) -> Entry | None:
    container = entry.container
    while container is not None and not container.id and container in skipped:
        container = container.container
    if container is not None:
        return named.get(container.id, container)
    return named.get(entry.parent_id or "")


def _cut_cycles(entries: Iterable[Entry]) -> None:
    """Make the earliest entry of each cycle of parents a root."""
    known: set[Entry] = set()
    for entry in entries:
        path: dict[Entry, None] = {}
        at: Entry | None = entry
        while at is not None and at not in known and at not in path:
            path[at] = None
            at = at.parent
        if at is not None and at in path:
            chain = list(path)
            first = min(chain[chain.index(at) :], key=lambda entry: entry.order)
            assert first.parent is not None
            first.parent.children.remove(first)
            first.parent, first.cut = None, True
        known.update(path)


def _settled(entries: Iterable[Entry]) -> list[Entry]:
    """Set the start and the segment of every entry that a root has below it; return them, each after its parent."""
    settled = [entry for entry in entries if entry.parent is None]
    for entry in settled:  # which grows meanwhile
        _settle(entry)
        settled += entry.children
    return settled


def _settle(entry: Entry) -> None:
    parent, start = entry.parent, entry.recorded_start
    if start is None and parent is not None and not math.isnan(parent.start):
        start = parent.start
    elif start is None:
        start = entry.end
    entry.start = math.nan if start is None else start
    entry.segment = entry if entry.is_segment else parent.segment if parent else None


def _start_all(settled: Sequence[Entry]) -> None:
    """Let what has no start time, like all above it, start with the trace."""
    if any(math.isnan(entry.start) for entry in settled):
        earliest = min((entry.start for entry in settled if not math.isnan(entry.start)), default=0.0)
        for entry in settled:
            entry.start = earliest if math.isnan(entry.start) else entry.start
