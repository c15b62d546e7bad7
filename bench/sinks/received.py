"""What a sink received: each wire's traces, with the entries that arrived twice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

WAITING_MAX: Final = 20_000  # datagrams and requests that are kept as they came


@dataclass(slots=True)
class Wire:
    """The entries received on one wire: spans, or segments with their subsegments.

    A root is the entry of a request: a server span, or a segment. `events` counts what has no kind: a peer's
    transactions.
    """

    doubled: int = 0
    events: int = 0
    by_trace: Counter[str] = field(default_factory=Counter)
    roots_by_trace: Counter[str] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)

    def add(self, trace: str, entry: str, *, root: bool) -> None:
        """Count an entry by its ids, once."""
        if entry in self._seen:
            self.doubled += 1
            return
        self._seen.add(entry)
        self.by_trace[trace] += 1
        if root:
            self.roots_by_trace[trace] += 1

    def counts(self) -> dict[str, int]:
        """Return the counts of unique roots, unique entries, entries received again, and events."""
        return {
            "roots": self.roots_by_trace.total(),
            "entries": len(self._seen),
            "doubled": self.doubled,
            "events": self.events,
        }


@dataclass(slots=True)
class Received:
    """What arrived so far.

    It is decoded when it is read: while requests are measured, the sink must not take the clients' core from them.
    """

    otlp: Wire = field(default_factory=Wire)
    segments: Wire = field(default_factory=Wire)
    peer: Wire = field(default_factory=Wire)
    _waiting: list[tuple["Decode", bytes]] = field(default_factory=list)

    def take(self, decode: "Decode", data: bytes) -> None:
        """Keep what `decode` will count."""
        self._waiting.append((decode, data))
        if len(self._waiting) >= WAITING_MAX:
            self._decode()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the counts of each wire."""
        self._decode()
        return {"otlp": self.otlp.counts(), "segments": self.segments.counts(), "peer": self.peer.counts()}

    def traces(self) -> dict[str, dict[str, int]]:
        """Return by trace the number of unique spans, and of unique segments without their subsegments."""
        self._decode()
        return {"otlp": dict(self.otlp.by_trace), "segments": dict(self.segments.roots_by_trace)}

    def clear(self) -> None:
        """Forget everything."""
        self.otlp, self.segments, self.peer = Wire(), Wire(), Wire()
        self._waiting.clear()

    def _decode(self) -> None:
        waiting, self._waiting = self._waiting, []
        for decode, data in waiting:
            decode(self, data)


Decode = Callable[[Received, bytes], None]


def add_document(wire: Wire, document: dict[str, Any]) -> None:
    """Count an X-Ray document that is complete, and its subsegments."""
    if document.get("in_progress"):
        return
    trace = str(document["trace_id"]).removeprefix("1-").replace("-", "")
    wire.add(trace, f"{trace}{document['id']}", root=document.get("type") != "subsegment")
    _add_subsegments(wire, trace, document)


def _add_subsegments(wire: Wire, trace: str, document: dict[str, Any]) -> None:
    for subsegment in document.get("subsegments") or ():
        if isinstance(subsegment, dict):
            wire.add(trace, f"{trace}{subsegment['id']}", root=False)
            _add_subsegments(wire, trace, subsegment)
