"""The files that `put` reads: segment documents and spans in every form that xray-local and other tools print. Pure.

- Segment documents: one object, an array, or JSON lines.
- BatchGetTraces and ListRetrievedTraces, as the AWS CLI prints them; inferred segments are left out, since X-Ray makes
  them again.
- A trace's JSON from the page.
- OTLP JSON, also as the collector's file exporter writes it; spans of the log group `aws/spans`; Zipkin v2; Jaeger.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from xray_local.cli import span_files
from xray_local.ingest.otlp_json import log_event

Object = Mapping[str, Any]


class FileError(ValueError):
    """A file without anything to put; the message is one line."""


class TraceFile(NamedTuple):
    """What a file has: the texts of segment documents, and spans as OTLP's ResourceSpans."""

    segments: list[str]
    spans: list[dict[str, Any]]


def read(text: str) -> TraceFile:
    """Return what is in a file's text; what is no JSON, and JSON of no known form, counts as a segment document."""
    file = TraceFile([], [])
    try:
        _add(file, json.loads(text))
    except FileError:
        raise
    except (ValueError, RecursionError):
        for line in filter(str.strip, text.splitlines()):
            _add_line(file, line)
    return file


def _add_line(file: TraceFile, line: str) -> None:
    try:
        _add(file, json.loads(line))
    except FileError:
        raise
    except (ValueError, RecursionError):
        file.segments.append(line)


def _add(file: TraceFile, content: Any) -> None:
    for item in content if isinstance(content, list) else [content]:
        try:
            is_known = isinstance(item, Mapping) and _add_known(file, item)
        except (KeyError, TypeError, AttributeError) as error:
            raise FileError(f"it is not as its form has it: {error!r}") from error
        if not is_known:
            file.segments.append(json.dumps(item))


def _add_known(file: TraceFile, item: Object) -> bool:
    """Add an object of one of the forms; return False for any other, which is a segment document."""
    spans = span_files.read(item)
    if spans is not None:
        file.spans.extend(spans)
        return True
    match item:
        case {"Traces": list(traces)}:
            _add_traces(file, traces)
        case {"trace_id": str(trace_id), "rows": list(rows)}:
            if item.get("next"):
                raise FileError(f"it has {len(rows)} of {item.get('total')} rows: expected all; use BatchGetTraces")
            file.segments.extend(json.dumps(document) for document in _documents(trace_id, _objects(rows)))
        case {"TraceSummaries": list()} | {"traces": list()}:
            raise FileError("it has summaries only: expected whole traces, as from BatchGetTraces")
        case _:
            return False
    return True


def _objects(values: Iterable[Any]) -> Iterator[Object]:
    return (value for value in values if isinstance(value, Mapping))


def _add_traces(file: TraceFile, traces: Iterable[Any]) -> None:
    for trace in _objects(traces):
        for part in _objects([*(trace.get("Segments") or ()), *(trace.get("Spans") or ())]):
            text = part.get("Document") or ""
            document = json.loads(text)
            if isinstance(document, Mapping) and "spanId" in document:
                file.spans.append(log_event(document))
            elif not (isinstance(document, Mapping) and document.get("inferred") is True):
                file.segments.append(text)


def _documents(trace_id: str, rows: Iterable[Object]) -> Iterator[dict[str, Any]]:
    """Yield the documents of a page's rows; what was nested is a subsegment that is sent separately."""
    for row in rows:
        body = row.get("body")
        if not isinstance(body, Mapping) or body.get("inferred") is True:
            continue
        place = {"trace_id": trace_id} if body.get("trace_id") else {"trace_id": trace_id, "type": "subsegment"}
        parent = {"parent_id": row["parent_id"]} if row.get("parent_id") else {}
        yield {**body, **place, **parent}
