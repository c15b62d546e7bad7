"""A trace as BatchGetTraces answers it: one document for each segment, with its subsegments nested. Pure.

X-Ray compiles what was sent: a subsegment that came alone is nested in its parent, and a call that no segment answers
has an inferred segment. A segment that was sent whole keeps its text. Spans are in the form in which the collector's
exporter sends them: attributes that are neither fields nor annotations are metadata, and those of the resource too.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from xray_local.traces.body import Body
from xray_local.traces.documents import Document
from xray_local.traces.entries import Entry, Trace, flatten, inferred_service
from xray_model.segments import attributes

DEPTH_MAX = 50  # of nested subsegments; what is below is a document of its own
_PLACE = ("trace_id", "parent_id", "type")  # fields of a document that its place says when it is nested


def compiled(documents: Sequence[Document], *, inferred: bool = True) -> list[tuple[str, str]]:
    """Return (id, JSON text) of each document of a trace, in the order of arrival, and then the inferred segments."""
    trace = flatten(document.body for document in documents)
    found = _compiled(trace, documents, inferred=inferred)
    trace.unlink()
    return found


def _compiled(trace: Trace, documents: Sequence[Document], *, inferred: bool) -> list[tuple[str, str]]:
    trace_id = documents[0].trace_id if documents else ""
    texts = {id(document.body): document.text for document in documents}
    whole = {entry: texts[id(entry.body.raw)] for entry in trace.entries if id(entry.body.raw) in texts}
    found = []
    waiting = [entry for entry in reversed(trace.entries) if entry.is_segment or entry.parent is None]
    while waiting:
        top = waiting.pop()
        nested, below = _nested(top)
        waiting.extend(reversed(below))
        text = whole.get(top) if _is_as_sent(nested) else None
        found.append((top.id, text or _text(top, nested, trace_id)))
    calls = (entry for entry in trace.entries if inferred and entry.is_inferred and not entry.is_segment)
    return found + [_inferred(call, trace_id) for call in calls]


def _nested(top: Entry) -> tuple[list[Entry], list[Entry]]:
    """Return a document's entries, each before those that are nested in it, and those below that are too deep."""
    nested, too_deep = [], []
    waiting = [(top, 0)]
    while waiting:
        entry, depth = waiting.pop()
        nested.append(entry)
        children = [child for child in entry.children if not child.is_segment]
        if depth < DEPTH_MAX or _has_only_its_own(entry):
            waiting.extend((child, depth + 1) for child in reversed(children))
        else:
            too_deep += children
    return nested, too_deep


def _has_only_its_own(entry: Entry) -> bool:
    """Return whether an entry's children are those that it was sent with, and no others."""
    children = [child for child in entry.children if not child.is_segment]
    sent = entry.body.subsegments
    return len(children) == len(sent) and all(
        child.body.raw is body.raw for child, body in zip(children, sent, strict=True)
    )


def _is_as_sent(nested: Sequence[Entry]) -> bool:
    top = nested[0]
    is_plain = top.container is None and top.wires == ("segments",) and not top.cut
    return is_plain and all(map(_has_only_its_own, nested))


def _text(top: Entry, nested: Sequence[Entry], trace_id: str) -> str:
    """Return a document; the innermost entries are written first, so that depth costs no recursion."""
    inside = set(nested)
    texts: dict[Entry, str] = {}
    for entry in reversed(nested):
        children = sorted((child for child in entry.children if child in inside), key=lambda child: child.order)
        body = _as_segment(entry) if "otlp" in entry.wires else dict(entry.body.raw)
        body.pop("subsegments", None)
        if entry is top:
            body |= {"trace_id": trace_id}
            body |= {} if entry.is_segment else {"type": "subsegment", "parent_id": entry.parent_id}
        elif entry.container is None:
            body = {key: value for key, value in body.items() if key not in _PLACE}
        own = _dumps(body)
        below = ",".join(texts.pop(child) for child in children)
        texts[entry] = f'{own[:-1]},"subsegments":[{below}]}}' if below else own
    return texts[top]


def _as_segment(entry: Entry) -> dict[str, Any]:
    """Return the fields of a span, or of what came by both wires, without the span itself."""
    otel = Body(entry.body.otel)
    metadata = {key: value for key, value in entry.body.object("metadata").items() if key != "otel"}
    annotations, fields = entry.body.annotations, _in_fields(entry.body)
    default = {
        key: value for key, value in otel.object("attributes").items() if key not in annotations and key not in fields
    }
    if entry.is_segment:
        default |= {f"otel.resource.{key}": value for key, value in otel.object("resource").items()}
    if default:
        metadata["default"] = default | dict(Body(metadata).object("default"))
    body = {key: value for key, value in entry.body.raw.items() if key not in {"metadata", "annotations"}}
    parts = {"annotations": annotations, "metadata": metadata}
    return body | {key: value for key, value in parts.items() if value}


def _in_fields(body: Body) -> Collection[str]:
    """Return the attributes that are fields of the document."""
    is_aws_api = Body(body.otel).text("attributes", "rpc.system") == "aws-api"
    found = {"enduser.id", "user.id"} if "user" in body.raw else set()
    found |= attributes.AWS_API if is_aws_api else attributes.AWS
    found |= attributes.HTTP if "http" in body.raw else set()
    return found | (attributes.SQL if "sql" in body.raw else set())


def _inferred(call: Entry, trace_id: str) -> tuple[str, str]:
    """Return the segment of a service that only a call to it shows: the response, and what `aws` says."""
    inferred_id = hashlib.sha256(f"{trace_id}{call.id}{call.number}".encode()).hexdigest()[:16]
    response = call.body.object("http").get("response")
    fields: dict[str, Any] = {
        "id": inferred_id,
        "name": call.name,
        "start_time": call.start,
        "end_time": call.end,
        "parent_id": call.id,
        "inferred": True,
        "http": {"response": response} if isinstance(response, Mapping) else None,
        "aws": call.body.object("aws") or None,
        "trace_id": trace_id,
        "origin": inferred_service(call)[1],
        **{str(flag): True for flag in call.body.flags},
        **({"in_progress": True} if call.end is None else {}),
    }
    return inferred_id, _dumps({key: value for key, value in fields.items() if value is not None})


def _dumps(body: Mapping[str, Any]) -> str:
    """Return JSON; what is nested too deeply for any writer is left out."""
    try:
        return orjson.dumps(body).decode()
    except (TypeError, RecursionError):  # orjson's own limit, and integers of more than 64 bits
        pass
    try:
        return json.dumps(body, separators=(",", ":"))
    except RecursionError:
        return _dumps({key: value for key, value in body.items() if not isinstance(value, dict | list)})
