"""The details of a row: everything that was recorded, as labelled text, what it did first and its ids last. Pure.

Unknown fields are shown, not dropped.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xray_local.page.frame import formats
from xray_local.page.trace.row.exceptions import RecordedFailure, failures
from xray_local.traces.body import Annotation, Body, as_objects, epoch_seconds
from xray_model.filter_expression import nodes as expressions
from xray_model.filter_expression import to_text

PLACE = ("id", "parent_id", "trace_id", "start_time", "end_time")
"""Fields that say where a row belongs, in the last section."""

OTHER_SECTIONS = frozenset(
    {"annotations", "aws", "cause", "http", "links", "metadata", "name", "sql", "subsegments", "type", *PLACE}
)
"""Fields with a section of their own, or in the title; all others are listed under Properties."""

FLATTEN_DEPTH = 3
"""Levels of an object that become dotted keys; deeper ones are printed as JSON."""

DEPTH_MAX = 50
"""Levels of a document that are shown; JSON parsers accept many more than printers do."""

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
class Event:
    """A span's event; `at` is in epoch seconds or None."""

    name: str
    at: float | None
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Details:
    """All details of one row."""

    failures: tuple[RecordedFailure, ...]
    events: tuple[Event, ...]
    sections: tuple[Section, ...]


def json_body(body: Body) -> dict[str, Any]:
    """Return a body without its subsegments, which are rows of their own, and cut below DEPTH_MAX."""
    return {key: _cut(value, DEPTH_MAX) for key, value in body.raw.items() if key != "subsegments"}


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        return {key: _cut(inner, levels - 1) for key, inner in value.items()} if levels else "… nested too deeply"
    if isinstance(value, list):
        return [_cut(inner, levels - 1) for inner in value] if levels else "… nested too deeply"
    return value


def details(document: Body) -> Details:
    """Return the details of a segment, subsegment or span."""
    body = Body(json_body(document))
    properties = {key: value for key, value in body.raw.items() if key not in OTHER_SECTIONS}
    place = {key: body.raw[key] for key in PLACE if body.raw.get(key) is not None}
    sections = [
        *_common_sections(body),
        Section("Properties", _flat(properties)),
        *_metadata_sections(body),
        *_span_sections(body),
        Section("Ids and times", _flat(place)),
    ]
    return Details(
        failures=failures(body),
        events=tuple(event for event in _events(body) if event.name != "exception"),
        sections=tuple(section for section in sections if section.pairs or section.block),
    )


def event_times(body: Body) -> tuple[tuple[float, bool], ...]:
    """Return the times of a span's events in epoch seconds, and whether each is an exception."""
    return tuple((event.at, event.name == "exception") for event in _events(body) if event.at is not None)


def _events(body: Body) -> Iterable[Event]:
    return (_event(event) for event in as_objects(body.otel.get("events")))


def _common_sections(body: Body) -> list[Section]:
    """Return what was called, and annotations; those that repeat a span's attributes are listed as attributes."""
    attributes = Body(body.otel).object("attributes")
    annotations = body.object("annotations")
    links = {key: _traces_href(key, value) for key, value in body.annotations.items() if _is_finite(value)}
    own = {key: value for key, value in annotations.items() if key not in attributes}
    return [
        Section("HTTP", _flat(body.object("http"))),
        Section("SQL", _flat(body.object("sql"))),
        Section("AWS", _flat(body.object("aws"))),
        Section("Annotations", _flat(own, 1), links=links),
        Section("Attributes", _flat(attributes, 1), links=links),
    ]


def _traces_href(key: str, value: Annotation) -> str:
    return formats.filter_href(to_text(expressions.Annotation(key, "=", value)))


def _is_finite(value: Annotation) -> bool:
    return isinstance(value, str) or math.isfinite(value)


def _span_sections(body: Body) -> list[Section]:
    otel, links = body.otel, body.raw.get("links")
    span = {key: value for key, value in otel.items() if key not in {"attributes", "events", "resource"}}
    return [
        Section("Span", tuple(pair for pair in _flat(span) if pair[1] not in {"", "{}", "null"})),
        Section("Links", block=formats.block(links) if links else ""),
        Section("Resource", _flat(Body(otel).object("resource"), 1)),
    ]


def _metadata_sections(body: Body) -> list[Section]:
    return [
        Section(f"Metadata · {namespace}", block=formats.block(content))
        for namespace, content in body.object("metadata").items()
        if namespace != "otel" or body.wire != "otlp"
    ]


def _event(event: Mapping[str, Any]) -> Event:
    return Event(
        name=formats.value(event.get("name", "event")),
        at=epoch_seconds(event.get("time")),
        pairs=_flat(Body(event).object("attributes"), depth=1),
    )


def _flat(value: Mapping[str, Any], depth: int = FLATTEN_DEPTH) -> Pairs:
    """Return keys and values, with nested keys joined by dots down to `depth` levels."""
    pairs: list[tuple[str, str]] = []
    for key, content in value.items():
        if isinstance(content, Mapping) and content and depth > 1:
            pairs.extend((f"{key}.{inner}", text) for inner, text in _flat(content, depth - 1))
        else:
            pairs.append((str(key), formats.value(content)))
    return tuple(pairs)
