"""The services of one trace and the calls between them. Pure.

A service is a segment, or a remote call that no segment answers: then it is inferred from the call. The service graph
counts them, and `service()` and `edge()` in filter expressions are evaluated on them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xray_local.traces.body import Annotation, Http
from xray_local.traces.entries import Entry
from xray_local.traces.flags import Flag


@dataclass(frozen=True, slots=True)
class ServiceNode:
    """One service of a trace; `duration` in seconds, `coverage` its share of the root's time.

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
    duration: float
    coverage: float
    http: Http
    user: str | None
    availability_zone: str | None
    instance_id: str | None
    resource_arn: str | None
    messages: tuple[str, ...]
    annotations: Mapping[str, Sequence[Annotation]]


@dataclass(frozen=True, slots=True)
class Edge:
    """A call between two services, as their places in the list; `source` is None for the client of the trace."""

    source: int | None
    target: int


def services_and_edges(entries: Sequence[Entry], root: Entry) -> tuple[tuple[ServiceNode, ...], tuple[Edge, ...]]:
    """Return the services of a trace, those with a segment first, and the calls between them."""
    segments = [entry for entry in entries if entry.is_segment]
    inferred = [entry for entry in entries if entry.is_remote and not any(child.is_segment for child in entry.children)]
    places = {entry: place for place, entry in enumerate((*segments, *inferred))}
    edges = [Edge(None, places[root])] if root.is_segment else []
    for entry in entries:
        caller = entry.parent.segment if entry.parent else None
        if entry in places and caller is not None and caller is not entry:
            edges.append(Edge(places[caller], places[entry]))
    return tuple(_node(entry, root) for entry in places), tuple(edges)


def _node(entry: Entry, root: Entry) -> ServiceNode:
    body, inside = entry.body, _inside(entry)
    return ServiceNode(
        name=entry.name,
        type=_type(entry),
        flags=_flags(entry, inside),
        partial=entry.end is None,
        inferred=not entry.is_segment,
        remote=entry.is_remote,
        root=entry is root,
        last=not any(child.is_segment or child.is_remote for child in inside),
        duration=entry.duration,
        coverage=min(1.0, entry.duration / root.duration) if root.duration else 1.0,
        http=body.http,
        user=body.text("user"),
        availability_zone=body.text("aws", "ec2", "availability_zone"),
        instance_id=body.text("aws", "ec2", "instance_id"),
        resource_arn=body.text("resource_arn"),
        messages=tuple(found.message for part in (entry, *inside) for found in part.body.exceptions),
        annotations=_annotations((entry, *inside)),
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


def _type(entry: Entry) -> str:
    if entry.is_segment:
        return entry.body.text("origin") or ""
    return f"AWS::{entry.name}" if entry.body.text("namespace") == "aws" else "remote"


def _flags(entry: Entry, inside: Sequence[Entry]) -> tuple[Flag, ...]:
    # A handled failure of a call shows on the call, not on the service that made it.
    throttled = any(Flag.THROTTLE in part.body.flags for part in inside)
    own = entry.body.flags
    return tuple(flag for flag in Flag if flag in own or (flag == Flag.THROTTLE and throttled))


def _annotations(parts: Sequence[Entry]) -> dict[str, list[Annotation]]:
    values: defaultdict[str, list[Annotation]] = defaultdict(list)
    for part in parts:
        for key, value in part.body.annotations.items():
            values[key].append(value)
    return dict(values)
