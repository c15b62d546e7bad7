"""The wire of segments: documents are made as spans end, kept with their parent, and sent with the local root.

Everything is bounded by bytes. What a parent's datagram cannot hold is sent alone, and a single document that no
datagram holds is cut, so that it always arrives. Nothing is lost or sent twice when threads end spans at one time.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.xray import valid_name
from cruddur_tracing.wires.segments.document import Documents, is_segment
from cruddur_tracing.wires.segments.fit import fit

HEADER: Final = b'{"format":"json","version":1}\n'
DATAGRAM_MAX: Final = 65_507  # bytes of payload in one IPv4 datagram
DOCUMENT_MAX: Final = DATAGRAM_MAX - len(HEADER)  # below X-Ray's limit for a segment, 65,536 bytes
TRIMMED: Final = "segment.trimmed"

_LINK: Final = 128  # bytes that name the trace and the parent of a subsegment that is sent alone
_LIST: Final = len(b',"subsegments":[]')


class Sender(Protocol):
    """Sends the documents to the agent."""

    def flush(self, seconds: float) -> bool:
        """Send what is queued and return whether all was sent in that time."""

    def shutdown(self, seconds: float) -> None:
        """Send what is queued within that time, and accept nothing more."""


class SegmentsWire:
    """Makes and assembles documents while `on`; `send` takes one, without the header, of at most `limit` bytes."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        sender: Sender,
        documents: Documents | None = None,
        limit: int = DOCUMENT_MAX,
    ) -> None:
        self._send = send
        self._sender = sender
        self.documents = documents or Documents()
        self.on = True
        self._limit = limit - _LINK

    def ended(self, span: Span) -> None:
        """Make the document of a span that has ended, and send it, or keep it until its parent ends."""
        if not self.on:
            return
        document = self._document(span)
        recording, parent = span.recording, span.local_parent
        with recording.lock:
            children, span.subsegments = span.subsegments, None
        if children:
            document = self._with_children(span, document, children, span.span_id)
        if parent is None:
            self._send(document if is_segment(span) else self._within_segment(span, document))
            return
        evicted: Sequence[bytes] = ()
        with recording.lock:
            open_parent = parent._end_time is None  # it takes its children after that is set
            if open_parent:
                evicted = self._keep(parent, document)
        if not open_parent:
            evicted = (document,)
        self._send_alone(span, evicted, parent.span_id)

    def flush(self, seconds: float) -> bool:
        """Send what is queued and return whether all was sent in that time."""
        return self._sender.flush(seconds)

    def shutdown(self, seconds: float) -> None:
        """Send what is queued within that time."""
        self._sender.shutdown(seconds)

    def _document(self, span: Span) -> bytes:
        try:
            document, cuts = self.documents.document(span)
            if len(document) > self._limit:
                document, cuts = fit(document, self._limit)
        except Exception as error:  # noqa: BLE001 - whatever is in a span, the document must not take its children along
            document, cuts = self.documents.bare(span), [f"{type(error).__name__}: {error}"]
        if cuts:
            span.recording.pipeline.failures.note(TRIMMED, f"{valid_name(span._name)}: {', '.join(cuts)}")
        return document

    def _within_segment(self, span: Span, document: bytes) -> bytes:
        """Return the segment of a local root that is a call, with the document of the call in it."""
        segment_id = span.recording.pipeline.ids.generate_span_id()
        segment = self.documents.service_segment(span, segment_id)
        return self._with_children(span, segment, [document], segment_id)

    def _keep(self, parent: Span, document: bytes) -> Sequence[bytes]:
        """Keep the document of a child, and return those that its parent can no longer hold."""
        if parent.subsegments is None:
            parent.subsegments, parent.subsegments_size = [], 0
        parent.subsegments.append(document)
        parent.subsegments_size += len(document) + 1
        if parent.subsegments_size <= self._limit:
            return ()
        parent.subsegments, evicted = _split(parent.subsegments, self._limit * 3 // 4)
        parent.subsegments_size = sum(map(len, parent.subsegments)) + len(parent.subsegments)
        return evicted

    def _with_children(self, span: Span, document: bytes, children: list[bytes], parent_id: int) -> bytes:
        """Return a document with its children, after sending alone those that do not fit."""
        kept, evicted = _split(children, self._limit - len(document) - _LIST)
        self._send_alone(span, evicted, parent_id)
        return b'%b,"subsegments":[%b]}' % (document[:-1], b",".join(kept)) if kept else document

    def _send_alone(self, span: Span, documents: Sequence[bytes], parent_id: int) -> None:
        if documents:
            head = (
                f'{{"type":"subsegment","trace_id":"{span.recording.xray_id}","parent_id":"{parent_id:016x}",'.encode()
            )
            for document in documents:
                self._send(head + document[1:])


def _split(children: list[bytes], room: int) -> tuple[list[bytes], list[bytes]]:
    """Return the children that fit into `room` bytes, and the others: the largest, and of equal ones the oldest."""
    size = sum(map(len, children)) + len(children)
    if size <= room:
        return children, []
    evicted = set()
    for index in sorted(range(len(children)), key=lambda index: -len(children[index])):
        evicted.add(index)
        size -= len(children[index]) + 1
        if size <= room:
            break
    kept = [child for index, child in enumerate(children) if index not in evicted]
    return kept, [children[index] for index in sorted(evicted)]
