"""What a row of the waterfall shows when it is opened: everything that its recorder said about it.

`views` calls it with the row's body. Each part is labelled text in the order of reading; templates only print it.
Unknown fields are shown, not dropped: what was recorded is what one is looking for.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xray_local.page import formats
from xray_local.page.trace_list import filter_href
from xray_model.filter_expression import to_text
from xray_model.filter_expression.nodes import Annotation

PLACED_ELSEWHERE = frozenset(
    {"annotations", "cause", "http", "id", "metadata", "name", "parent_id", "subsegments", "trace_id"}
)
"""Fields with a part of their own; all others are listed under Properties."""

FLATTEN_DEPTH = 3
"""Levels of an object that become dotted keys; what is deeper is printed as JSON."""

DEEPEST_LEVEL = 50
"""Levels of a document that are shown; JSON parsers take many more than printers do."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list of keys and values; `block` is JSON or other text of several lines instead of pairs.

    `links` lead from a key to the list of all traces with the same value of that annotation.
    """

    title: str
    pairs: Pairs = ()
    block: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception with its stack, innermost frame first as X-Ray stores it, or as the recorder's own text."""

    type: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class Event:
    """A span's event; `at` is epoch seconds or None."""

    name: str
    at: float | None
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Details:
    """All that is known of one row."""

    failures: tuple[Failure, ...]
    events: tuple[Event, ...]
    sections: tuple[Section, ...]


def shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body without its subsegments, which are rows of their own, and cut off below DEEPEST_LEVEL."""
    return {key: _cut(value, DEEPEST_LEVEL) for key, value in body.items() if key != "subsegments"}


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        return {key: _cut(inner, levels - 1) for key, inner in value.items()} if levels else "… nested too deep"
    if isinstance(value, list):
        return [_cut(inner, levels - 1) for inner in value] if levels else "… nested too deep"
    return value


def details(document: Mapping[str, Any]) -> Details:
    """Read a document's body, or a nested subsegment's."""
    body = shown(document)
    otel = _mapping(_mapping(body.get("metadata")).get("otel"))
    sections = [*_common_sections(body, otel), *(_span_sections(otel) if otel else ()), *_metadata_sections(body)]
    rest = {key: value for key, value in body.items() if key not in PLACED_ELSEWHERE}
    sections.append(Section("Properties", _flat(rest)))
    return Details(
        failures=failures(body),
        events=tuple(event for event in _events(body) if event.name != "exception"),
        sections=tuple(section for section in sections if section.pairs or section.block),
    )


def failures(body: Mapping[str, Any]) -> tuple[Failure, ...]:
    """The exceptions: a span's own events of that name, else X-Ray's `cause`."""
    thrown = tuple(_thrown(event) for event in _events(body) if event.name == "exception")
    return thrown or tuple(_causes(body))


def event_times(body: Mapping[str, Any]) -> tuple[tuple[float, bool], ...]:
    """When a span's events happened, in epoch seconds, and whether each is an exception."""
    return tuple((event.at, event.name == "exception") for event in _events(body) if event.at is not None)


def _events(body: Mapping[str, Any]) -> Iterable[Event]:
    otel = _mapping(_mapping(body.get("metadata")).get("otel"))
    return (_event(event) for event in _mappings(otel.get("events")))


def _common_sections(body: Mapping[str, Any], otel: Mapping[str, Any]) -> list[Section]:
    """HTTP and annotations; a span's annotations are its attributes, which are listed under that name."""
    attributes = _mapping(otel.get("attributes"))
    annotations = _mapping(body.get("annotations"))
    links = {str(key): filter_href(_same(key, value)) for key, value in annotations.items() if _is_scalar(value)}
    own = {key: value for key, value in annotations.items() if key not in attributes}
    return [
        Section("HTTP", _flat(_mapping(body.get("http")))),
        Section("Annotations", _flat(own, 1), links=links),
        Section("Attributes", _flat(attributes, 1), links=links),
    ]


def _same(key: str, value: str | float) -> str:
    return to_text(Annotation(key, "=", value))


def _is_scalar(value: object) -> bool:
    """A text, a boolean or a finite number: what the filter language can compare an annotation with."""
    return isinstance(value, str | bool) or (isinstance(value, int | float) and math.isfinite(value))


def _span_sections(otel: Mapping[str, Any]) -> list[Section]:
    elsewhere = ("attributes", "events", "links", "resource")
    span = {key: value for key, value in otel.items() if key not in elsewhere}
    links = otel.get("links")
    return [
        Section("Span", tuple(pair for pair in _flat(span) if pair[1] not in ("", "{}", "null"))),
        Section("Links", block=formats.block(links) if links else ""),
        Section("Resource", _flat(_mapping(otel.get("resource")), 1)),
    ]


def _metadata_sections(body: Mapping[str, Any]) -> list[Section]:
    namespaces = _mapping(body.get("metadata"))
    return [
        Section(f"Metadata · {namespace}", block=formats.block(content))
        for namespace, content in namespaces.items()
        if namespace != "otel" or not isinstance(content, Mapping)
    ]


def _causes(body: Mapping[str, Any]) -> Iterable[Failure]:
    """The exceptions of X-Ray's `cause`: a list, or the id of an exception that another segment tells."""
    cause = body.get("cause")
    if isinstance(cause, str) and cause:
        yield Failure("exception", f"told by another segment as {cause}", "")
    for exception in _mappings(_mapping(cause).get("exceptions")):
        yield Failure(
            type=formats.value(exception.get("type", "exception")),
            message=formats.value(exception.get("message", "")),
            stack="\n".join(_frame(frame) for frame in _mappings(exception.get("stack"))),
        )


def _frame(frame: Mapping[str, Any]) -> str:
    place = f"{formats.value(frame.get('path', '?'))}:{formats.value(frame.get('line', '?'))}"
    label = frame.get("label")
    return f"{place} in {formats.value(label)}" if label else place


def _thrown(event: Event) -> Failure:
    said = dict(event.pairs)
    return Failure(
        type=said.get("exception.type", "exception"),
        message=said.get("exception.message", ""),
        stack=said.get("exception.stacktrace", "").strip("\n"),
    )


def _event(event: Mapping[str, Any]) -> Event:
    at = event.get("time")
    return Event(
        name=formats.value(event.get("name", "event")),
        at=float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None,
        pairs=_flat(_mapping(event.get("attributes")), depth=1),
    )


def _flat(value: Mapping[str, Any], depth: int = FLATTEN_DEPTH) -> Pairs:
    """Nested keys joined by dots down to `depth` levels."""
    pairs: list[tuple[str, str]] = []
    for key, content in value.items():
        if isinstance(content, Mapping) and content and depth > 1:
            pairs.extend((f"{key}.{inner}", text) for inner, text in _flat(content, depth - 1))
        else:
            pairs.append((str(key), formats.value(content)))
    return tuple(pairs)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
