"""The two segments that AWS Lambda sends for an invocation, made from the subsegments of the function.

The X-Ray SDKs send no segment in Lambda: their subsegments name the function's segment as parent, which the service
sends itself. Its place is taken by a segment of the origin AWS::Lambda::Function, below one of AWS::Lambda, both with
the times and the flags of the subsegments. A parent that arrives later takes its place again: the SDKs send inner
subsegments before the outer ones.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from xray_local.traces.body import Body
from xray_local.traces.documents import Document, parse_stored
from xray_local.traces.flags import Flag

TRACES_MAX = 1000  # whose ids are known; subsegments of older ones get no facade any more


@dataclass(slots=True)
class _Facade:
    """What is known of the subsegments below a facade; `running` are the ids of those that have not ended."""

    start: float
    end: float
    flags: set[Flag] = field(default_factory=set)
    running: set[str] = field(default_factory=set)

    def add(self, document: Document) -> None:
        self.start = min(self.start, document.start_time)
        self.end = max(self.end, document.end_time or document.start_time)
        self.flags.update(Body(document.body).flags)
        if document.end_time is None:
            self.running.add(document.id)
        else:
            self.running.discard(document.id)


@dataclass(slots=True)
class _Trace:
    ids: set[str] = field(default_factory=set)
    facades: dict[str, _Facade] = field(default_factory=dict)


class LambdaFacades:
    """Makes the segments of one function; `function` is its name."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._traces: dict[str, _Trace] = {}

    def documents(self, received: Iterable[Document]) -> list[Document]:
        """Return the facades of the traces that these documents belong to, to be stored after them."""
        changed: dict[str, _Trace] = {}
        for document in received:
            trace = changed[document.trace_id] = self._trace(document.trace_id)
            trace.ids.add(document.id)
            trace.facades.pop(document.id, None)
            parent = document.parent_id
            if document.body.get("type") == "subsegment" and parent is not None and parent not in trace.ids:
                trace.facades.setdefault(parent, _Facade(document.start_time, document.start_time)).add(document)
        return [made for trace_id, trace in changed.items() for made in self._facades(trace_id, trace)]

    def _trace(self, trace_id: str) -> _Trace:
        trace = self._traces.pop(trace_id, None) or _Trace()
        self._traces[trace_id] = trace
        if len(self._traces) > TRACES_MAX:
            del self._traces[next(iter(self._traces))]
        return trace

    def _facades(self, trace_id: str, trace: _Trace) -> Iterator[Document]:
        if not trace.facades:
            return
        service = sha256(trace_id.encode()).hexdigest()[:16]
        whole = _Facade(min(found.start for found in trace.facades.values()), 0.0)
        for id_, found in trace.facades.items():
            whole.end = max(whole.end, found.end)
            whole.flags |= found.flags
            whole.running |= found.running
            yield self._segment(trace_id, id_, "AWS::Lambda::Function", found, parent_id=service)
        yield self._segment(trace_id, service, "AWS::Lambda", whole)

    def _segment(self, trace_id: str, id_: str, origin: str, facade: _Facade, **more: str) -> Document:
        body: dict[str, Any] = {"trace_id": trace_id, "id": id_, "name": self._function, "origin": origin, **more}
        body |= {"start_time": facade.start} | {str(flag): True for flag in facade.flags}
        body |= {"in_progress": True} if facade.running else {"end_time": facade.end}
        return parse_stored(json.dumps(body))
