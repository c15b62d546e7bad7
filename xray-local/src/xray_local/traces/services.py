"""The services of one trace and the calls between them. Pure.

A service is a segment, or a remote call that no segment answers: then it is inferred from the call. A call is what its
caller recorded: the subsegment, with the time and the flags that the caller saw. The service graph counts both, and
`service()` and `edge()` in filter expressions are evaluated on them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from xray_local.traces.body import Annotation, Http
from xray_local.traces.entries import Entry, inferred_service
from xray_local.traces.flags import FLAGS, Flag


class ServiceNode(Struct, frozen=True):
    """One service of a trace; `start` and `end` in epoch seconds, `coverage` its share of the root's time.

    `flags` are its own, with a throttle of any of its calls; `last` is one that calls no other; `messages` and
    `annotations` are those of all its subsegments. An inferred service ends at the calls that it makes: what is below
    them belongs to the services that they call.
    """

    name: str
    type: str
    flags: tuple[Flag, ...]
    partial: bool
    inferred: bool
    remote: bool
    root: bool
    last: bool
    start: float
    end: float
    duration: float
    coverage: float
    http: Http
    user: str | None
    availability_zone: str | None
    instance_id: str | None
    resource_arn: str | None
    messages: tuple[str, ...]
    annotations: Mapping[str, Sequence[Annotation]]


class Edge(Struct, frozen=True):
    """A call between two services, as their places in the list; `source` is None for the client of the trace.

    `start` and `end` are epoch seconds, `duration` is in seconds; a call in progress ends when it starts.
    """

    source: int | None
    target: int
    start: float
    end: float
    duration: float
    flags: tuple[Flag, ...]
    http: Http


def services_and_edges(entries: Sequence[Entry], root: Entry) -> tuple[tuple[ServiceNode, ...], tuple[Edge, ...]]:
    """Return the services of a trace, those with a segment first, and the calls between them."""
    segments = [entry for entry in entries if entry.is_segment]
    inferred = [entry for entry in entries if not entry.is_segment and entry.is_inferred]
    places = {entry: place for place, entry in enumerate(segments + inferred)}
    edges = [_edge(None, places[root], root)] if root.is_segment else []
    for entry in entries:
        caller = entry.parent.segment if entry.parent else None
        if caller is not None and caller is not entry and entry in places:
            edges.append(_edge(places[caller], places[entry], _call(entry)))
    root_seconds = root.duration
    return tuple([_node(entry, root, root_seconds) for entry in places]), tuple(edges)


def _call(called: Entry) -> Entry:
    """Return what the caller recorded of a call: its remote subsegment, or else the called segment itself."""
    parent = called.parent
    return parent if called.is_segment and parent is not None and parent.is_remote else called


def _edge(source: int | None, target: int, call: Entry) -> Edge:
    start, end, body = call.start, call.end, call.body
    return Edge(source, target, start, start if end is None else end, call.duration, body.flags, body.http)


def _node(entry: Entry, root: Entry, root_seconds: float) -> ServiceNode:
    body, raw, end = entry.body, entry.body.raw, entry.end
    inside = _inside(entry) if entry.children else []
    parts = [entry, *inside]
    ec2 = body.object("aws", "ec2") if "aws" in raw else {}
    is_inferred = entry.is_inferred
    name, type_ = inferred_service(entry) if is_inferred else (entry.name, _text(raw, "origin") or "")
    duration = entry.duration
    return ServiceNode(  # by position: msgspec takes ten times as long for so many keywords
        name,
        type_,
        _flags(entry, inside),
        end is None,
        is_inferred,
        entry.is_remote,
        entry is root,
        not any([child.is_segment or child.is_remote for child in inside]),  # noqa: C419 (a list is faster)
        entry.start,
        entry.start if end is None else end,
        duration,
        min(1.0, duration / root_seconds) if root_seconds else 1.0,
        body.http,
        _text(raw, "user"),
        _text(ec2, "availability_zone"),
        _text(ec2, "instance_id"),
        _text(raw, "resource_arn"),
        _messages(parts),
        _annotations(parts),
    )


def _text(found: Mapping[str, Any], key: str) -> str | None:
    text = found.get(key)
    return text if isinstance(text, str) else None


def _inside(entry: Entry) -> list[Entry]:
    """Return what the entry contains, without what belongs to other segments.

    An inferred service contains the calls that it makes and nothing below them, so that nested calls cost linear time.
    """
    found: list[Entry] = []
    waiting = [child for child in entry.children if not child.is_segment]
    while waiting:
        child = waiting.pop()
        found.append(child)
        if child.children and (entry.is_segment or not child.is_remote):
            waiting.extend([below for below in child.children if not below.is_segment])
    return found


def _flags(entry: Entry, inside: Sequence[Entry]) -> tuple[Flag, ...]:
    # A handled failure of a call shows on the call, not on the service that made it.
    own = entry.body.flags
    for part in inside:
        flags = part.body.flags
        if flags and Flag.THROTTLE in flags:
            return tuple([flag for flag in FLAGS if flag in own or flag is Flag.THROTTLE])
    return own


def _messages(parts: Sequence[Entry]) -> tuple[str, ...]:
    failed = [part for part in parts if "cause" in part.body.raw]
    return tuple([found.message for part in failed for found in part.body.exceptions]) if failed else ()


def _annotations(parts: Sequence[Entry]) -> dict[str, list[Annotation]]:
    values: dict[str, list[Annotation]] = {}
    for part in parts:
        if "annotations" in part.body.raw:
            for key, value in part.body.annotations.items():
                values.setdefault(key, []).append(value)
    return values
