"""The services of one trace and the calls between them. Pure.

A service is a segment, or a remote call that no segment answers: then it is inferred from the call. A call is what its
caller recorded: the subsegment, with the time and the flags that the caller saw. The service graph counts both, and
`service()` and `edge()` in filter expressions are evaluated on them.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from xray_local.traces.body import Annotation, Body, Http
from xray_local.traces.entries import Entry, inferred_service
from xray_local.traces.flags import Flag

_NOTHING = Body({})


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
    inferred = [entry for entry in entries if entry.is_inferred and not entry.is_segment]
    places = {entry: place for place, entry in enumerate((*segments, *inferred))}
    edges = [_edge(None, places[root], root)] if root.is_segment else []
    for entry in entries:
        caller = entry.parent.segment if entry.parent else None
        if entry in places and caller is not None and caller is not entry:
            edges.append(_edge(places[caller], places[entry], _call(entry)))
    return tuple(_node(entry, root) for entry in places), tuple(edges)


def _call(called: Entry) -> Entry:
    """Return what the caller recorded of a call: its remote subsegment, or else the called segment itself."""
    parent = called.parent
    return parent if called.is_segment and parent is not None and parent.is_remote else called


def _edge(source: int | None, target: int, call: Entry) -> Edge:
    end = call.start if call.end is None else call.end
    return Edge(source, target, call.start, end, call.duration, call.body.flags, call.body.http)


def _node(entry: Entry, root: Entry) -> ServiceNode:
    body, inside = entry.body, _inside(entry) if entry.children else ()
    parts, raw = (entry, *inside), body.raw
    ec2 = Body(body.object("aws", "ec2")) if "aws" in raw else _NOTHING
    is_inferred = entry.is_inferred
    name, type_ = inferred_service(entry) if is_inferred else (entry.name, body.text("origin") or "")
    duration = entry.duration
    return ServiceNode(
        name=name,
        type=type_,
        flags=_flags(entry, inside),
        partial=entry.end is None,
        inferred=is_inferred,
        remote=entry.is_remote,
        root=entry is root,
        last=not any(child.is_segment or child.is_remote for child in inside),
        start=entry.start,
        end=entry.start if entry.end is None else entry.end,
        duration=duration,
        coverage=min(1.0, duration / root.duration) if root.duration else 1.0,
        http=body.http,
        user=body.text("user"),
        availability_zone=ec2.text("availability_zone") if ec2.raw else None,
        instance_id=ec2.text("instance_id") if ec2.raw else None,
        resource_arn=body.text("resource_arn"),
        messages=tuple([found.message for part in parts if "cause" in part.body.raw for found in part.body.exceptions]),
        annotations=_annotations(parts),
    )


def _inside(entry: Entry) -> list[Entry]:
    """Return what the entry contains, without what belongs to other segments.

    An inferred service contains the calls that it makes and nothing below them, so that nested calls cost linear time.
    """
    found: list[Entry] = []
    waiting = [child for child in entry.children if not child.is_segment]
    while waiting:
        child = waiting.pop()
        found.append(child)
        if entry.is_segment or not child.is_remote:
            waiting.extend(below for below in child.children if not below.is_segment)
    return found


def _flags(entry: Entry, inside: Sequence[Entry]) -> tuple[Flag, ...]:
    # A handled failure of a call shows on the call, not on the service that made it.
    own = entry.body.flags
    if not inside or Flag.THROTTLE in own or not any(Flag.THROTTLE in part.body.flags for part in inside):
        return own
    return tuple(flag for flag in Flag if flag in own or flag == Flag.THROTTLE)


def _annotations(parts: Sequence[Entry]) -> dict[str, list[Annotation]]:
    values: dict[str, list[Annotation]] = {}
    for part in parts:
        if "annotations" in part.body.raw:
            for key, value in part.body.annotations.items():
                values.setdefault(key, []).append(value)
    return values
