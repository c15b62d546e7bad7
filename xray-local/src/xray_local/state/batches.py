"""What a batch of documents changes in the stored traces: decided in memory, before the store writes it. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from xray_local.traces.documents import Document
from xray_model import limits

TRACE_TOO_LARGE = "TraceSizeLimitExceeded"


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that was not stored, and why, as PutTraceSegments answers it."""

    id: str
    code: str
    message: str


@dataclass(slots=True)
class TraceChange:
    """A trace's row while a batch is added to it; `documents` maps ids to (has ended, bytes)."""

    seq: int
    first: float
    last: float
    bytes: int = 0
    limited: bool = False
    documents: dict[str, tuple[bool, int]] = field(default_factory=dict)


class Batch:
    """The traces that a batch changes; `last_seq` is the highest sequence number that is in use."""

    def __init__(self, stored: dict[str, TraceChange], last_seq: int) -> None:
        self.traces = stored
        self.last_seq = last_seq
        self.documents: dict[tuple[int, str], Document] = {}
        self.added: Counter[str] = Counter()
        self.refused: list[Refused] = []

    def add(self, document: Document) -> None:
        """Add a document, or refuse it because its trace would be too large."""
        end = document.end_time or document.start_time
        trace = self.traces.get(document.trace_id)
        if trace is None:
            self.last_seq += 1
            trace = self.traces[document.trace_id] = TraceChange(self.last_seq, document.start_time, end)
        ended, size = trace.documents.get(document.id, (False, None))
        if ended and document.end_time is None:
            return
        total = trace.bytes + document.size - (size or 0)
        if total > limits.TRACE_BYTES:
            trace.limited = True
            message = f"trace {document.trace_id} would have {total} bytes: expected at most {limits.TRACE_BYTES}"
            self.refused.append(Refused(document.id, TRACE_TOO_LARGE, message))
            return
        if size is None:
            self.added[document.kind] += 1
        trace.bytes = total
        trace.first, trace.last = min(trace.first, document.start_time), max(trace.last, end)
        trace.documents[document.id] = document.end_time is not None, document.size
        self.documents[trace.seq, document.id] = document
