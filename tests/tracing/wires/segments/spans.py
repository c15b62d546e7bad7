"""Builds spans by hand, as the recorders do, and reads the documents that are made of them."""

import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.segments.document import Documents
from cruddur_tracing.wires.segments.wire import DOCUMENT_MAX, SegmentsWire
from tests.tracing.starting import start_child

Document = dict[str, Any]
SERVICE = "backend-flask"
KB = 1_000


@dataclass
class Agent:
    """Takes documents in place of an agent."""

    sent: list[bytes] = field(default_factory=list)

    def flush(self, seconds: float) -> bool:
        """Nothing waits."""
        return True

    def shutdown(self, seconds: float) -> None:
        """Nothing waits."""

    def documents(self) -> list[Document]:
        """Return what was sent; each is one datagram that an agent takes."""
        assert all(len(document) <= DOCUMENT_MAX for document in self.sent)
        return [json.loads(document) for document in self.sent]

    def tree(self) -> Document:
        """Return the only trace as one document: subsegments that were sent alone are where they belong, by time."""
        documents = self.documents()
        by_id = {node["id"]: node for document in documents for node in nodes(document)}
        (root,) = [document for document in documents if document.get("type") != "subsegment"]
        for document in documents:
            if document is not root:
                by_id[document["parent_id"]].setdefault("subsegments", []).append(document)
        for node in by_id.values():
            node.get("subsegments", []).sort(key=lambda child: child["start_time"])
        return root


@dataclass
class Traced:
    """A recording whose spans go to an agent."""

    recording: Recording
    agent: Agent

    def root(self, name: str = "GET /", kind: SpanKind = SpanKind.SERVER, **more: Any) -> Span:
        """Start a local root."""
        attributes = more.pop("attributes", {})
        span = Span(self.recording, name, self.recording.pipeline.ids.generate_span_id(), kind=kind, **more)
        span.set_attributes(attributes)
        return span


def traced(
    resource: Mapping[str, Any] | None = None,
    service: str = SERVICE,
    rule: str | None = None,
    documents: Documents | None = None,
    limit: int = DOCUMENT_MAX,
) -> Traced:
    """Return a new recording; the resource is empty unless it is given."""
    agent = Agent()
    wire = SegmentsWire(agent.sent.append, agent, documents, limit)
    pipeline = Pipeline(Resource(dict(resource or {})), RandomIdGenerator(), Failures(), segments=wire)
    trace_id = int(time.time()) << 96 | random.getrandbits(96)
    return Traced(Recording(pipeline, xray_trace_id(trace_id), service, rule=rule), agent)


def document_of(span: Span, documents: Documents | None = None) -> Document:
    """End a span if it has not ended, and return its own document."""
    if span.is_recording():
        span._end_time = (span._start_time or 0) + 5_000_000
    text, _ = (documents or Documents()).document(span)
    document: Document = json.loads(text, parse_constant=_refuse)
    return document


def subsegment_of(name: str = "call", kind: SpanKind = SpanKind.INTERNAL, **more: Any) -> Document:
    """Return the document of a child with the given attributes."""
    return document_of(start_child(traced().root(), name, kind=kind, **more))


def nodes(document: Document) -> list[Document]:
    """Return a document and all its subsegments."""
    return [document, *(node for child in document.get("subsegments", ()) for node in nodes(child))]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def named(agent: Agent) -> Counter[str]:
    """Return how often each name arrived."""
    return Counter(node["name"] for document in agent.documents() for node in nodes(document))


def trimmed(document: Document) -> list[str]:
    """Return what the document says was cut."""
    found: list[str] = document.get("metadata", {}).get("cruddur_tracing", {}).get("trimmed", [])
    return found


def count(trace: Traced) -> int:
    """Return how many documents were counted as cut."""
    return trace.recording.pipeline.failures.counts.get("segment.trimmed", 0)
