"""What a batch of documents changes in the stored traces: decided in memory, before the store writes it. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from xray_local.traces.body import Wire
from xray_local.traces.documents import Document
from xray_model import limits

TRACE_TOO_LARGE = "TraceSizeLimitExceeded"
TRACE_BYTES: Mapping[Wire, int] = {"segments": limits.TRACE_BYTES, "otlp": 64 * 1024 * 1024}
"""How much of a trace may come by each wire. X-Ray's OTLP endpoint has no limit for a trace: ours protects the memory.

A trace beyond the limit for segments is marked, by whichever wire it came."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that was not stored, and why, as PutTraceSegments answers it; `id` is None if it has none."""

    id: str | None
    code: str
    message: str


@dataclass(slots=True)
class TraceChange:
    """A trace's row while a batch is added to it; `documents` maps wires and ids to (has ended, bytes)."""

    seq: int
    first: float
    last: float
    revision: int = 0
    limited: bool = False
    documents: dict[tuple[Wire, str], tuple[bool, int]] = field(default_factory=dict)
    segments: int = 0
    spans: int = 0
    bytes: dict[Wire, int] = field(default_factory=lambda: {"segments": 0, "otlp": 0})

    def add(self, wire: Wire, id_: str, *, ended: bool, size: int) -> None:
        """Count a document, which replaces the one of the same wire and id."""
        former = self.documents.get((wire, id_))
        if former is None:
            self.segments += wire == "segments"
            self.spans += wire == "otlp"
        self.bytes[wire] += size - (former[1] if former else 0)
        self.documents[wire, id_] = ended, size


class Batch:
    """The traces that a batch changes; `last_seq` is the highest sequence number that is in use."""

    def __init__(self, stored: dict[str, TraceChange], last_seq: int) -> None:
        self.traces = stored
        self.last_seq = last_seq
        self.documents: dict[tuple[int, Wire, str], Document] = {}
        self.added: Counter[str] = Counter()
        self.bytes_added = 0
        self.refused: list[Refused] = []

    def add(self, document: Document) -> None:
        """Add a document, or refuse it because its trace would be too large."""
        end = document.end_time or document.start_time
        trace = self.traces.get(document.trace_id)
        if trace is None:
            self.last_seq += 1
            trace = self.traces[document.trace_id] = TraceChange(self.last_seq, document.start_time, end)
        wire, is_new = document.wire, (document.wire, document.id) not in trace.documents
        ended, size = trace.documents.get((wire, document.id), (False, 0))
        if ended and document.end_time is None:
            return
        total = trace.bytes[wire] + document.size - size
        if total > TRACE_BYTES[wire]:
            trace.limited = True
            message = f"trace {document.trace_id} would have {total} bytes: expected at most {TRACE_BYTES[wire]}"
            self.refused.append(Refused(document.id, TRACE_TOO_LARGE, message))
            return
        trace.limited = trace.limited or total > limits.TRACE_BYTES
        self.added[wire] += is_new
        self.bytes_added += document.size - size
        trace.first, trace.last = min(trace.first, document.start_time), max(trace.last, end)
        trace.revision += 1
        trace.add(wire, document.id, ended=document.end_time is not None, size=document.size)
        self.documents[trace.seq, wire, document.id] = document
