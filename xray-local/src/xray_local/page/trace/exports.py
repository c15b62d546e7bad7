"""A trace in other forms at its own address: Markdown, OTLP's JSON, and segment documents as X-Ray takes them."""

import json
from collections.abc import Callable

from xray_local.api.operations.retrieval.spans import spans
from xray_local.ingest.otlp_json import log_event
from xray_local.page.frame.exchange import Answer, PageRequest, Text, missing
from xray_local.page.trace.markdown import markdown
from xray_local.page.trace.sources import SOURCES, StoredTrace
from xray_local.state.region import Region
from xray_local.traces.compiled import compiled

Write = Callable[[Region, StoredTrace], str]


async def show_markdown(request: PageRequest) -> Answer:
    """Return the trace for people and for language models."""
    return _text(request, "text/markdown", lambda _, trace: markdown(trace.analysed, trace.id))


async def show_otlp(request: PageRequest) -> Answer:
    """Return the body of an OTLP/HTTP request that sends the trace again."""
    return _text(request, "application/json", _otlp)


async def show_segments(request: PageRequest) -> Answer:
    """Return a JSON array of the trace's segment documents, as BatchGetTraces has them without what is inferred."""
    return _text(request, "application/json", _segments)


def _text(request: PageRequest, content_type: str, write: Write) -> Answer:
    given = request.match["trace_id"]
    trace = SOURCES.find(request.region, given)
    if trace is None:
        return missing(f"Trace {given} is not stored.")
    return Text(write(request.region, trace).encode("utf-8", "replace"), content_type)


def _otlp(region: Region, trace: StoredTrace) -> str:
    bodies = [document.body for document in region.store.parsed(trace.id)]
    return json.dumps({"resourceSpans": [log_event(span) for span in spans(trace.id, bodies)]}, ensure_ascii=False)


def _segments(region: Region, trace: StoredTrace) -> str:
    texts = [text for _, text in compiled(region.store.parsed(trace.id), inferred=False)]
    return "[" + ",\n".join(texts) + "]\n"
