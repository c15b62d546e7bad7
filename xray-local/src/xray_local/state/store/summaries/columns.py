"""What of a summary the table of traces has as columns, and what traces of one shape have in common. Pure."""

import hashlib
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from msgspec import Struct, json

from xray_local.state.store.summaries.overview.durations import bucket
from xray_local.traces.flags import Flag
from xray_local.traces.root_causes import CauseEntity, CauseService, RootCause
from xray_local.traces.services import Edge, ServiceNode
from xray_local.traces.summaries import TraceSummary

COLUMNS = (
    "shape",
    "duration",
    "responsetime",
    *map(str, Flag),
    "partial",
    "http_status",
    "http_method",
    "http_url",
    "http_useragent",
    "http_clientip",
    "users",
    "annotations",
    "bucket",
    "route",
)
VARIABLE = frozenset(
    {
        "id",
        "start",
        "end",
        "duration",
        "response_time",
        "seconds",
        "coverage",
        "http",
        "user",
        "users",
        "message",
        "messages",
        "exceptions",
        "revision",
    }
)
"""Members that differ among traces of the same requests, and are no part of the shape. The keys of annotations and the
types of exceptions are."""


def columns(summary: TraceSummary, shape_id: int, route: int) -> tuple[Any, ...]:
    """Return the values of COLUMNS."""
    http = summary.http
    return (
        shape_id,
        summary.duration,
        summary.response_time,
        *(flag in summary.flags for flag in Flag),
        summary.partial,
        http.status,
        http.method,
        http.url,
        http.user_agent,
        http.client_ip,
        lines(user.name for user in summary.users),
        lines([found.key, found.value] for found in summary.annotations),
        bucket(summary.duration),
        route,
    )


def lines(values: Iterable[Any]) -> str:
    """Return each value as a line of JSON, with a newline before the first one."""
    return "\n" + "".join(json.encode(value).decode() + "\n" for value in values)


def shape(summary: TraceSummary) -> tuple[Any, ...]:
    """Return what is equal for the summaries of one shape."""
    return (
        _of_trace(summary),
        tuple(map(_of_service, summary.services)),
        tuple([tuple(sorted(service.annotations)) for service in summary.services]),
        tuple(map(_of_edge, summary.edges)),
        tuple(sorted({found.key for found in summary.annotations})),
        *(tuple(map(_of_cause, causes)) for causes in (summary.fault_causes, summary.error_causes)),
        tuple(map(_of_cause, summary.response_time_causes)),
    )


def digest(of_shape: tuple[Any, ...]) -> bytes:
    """Return the shape in 16 bytes, equal in all processes."""
    return hashlib.blake2b(json.encode(of_shape), digest_size=16).digest()


def _fixed(kind: type[Struct], *others: str) -> Callable[[Any], Any]:
    """Return a function that returns the members that are part of the shape, without some others."""
    return attrgetter(*(name for name in kind.__struct_fields__ if name not in VARIABLE.union(others)))


_of_trace = _fixed(
    TraceSummary, "annotations", "services", "edges", "fault_causes", "error_causes", "response_time_causes"
)
_of_service = _fixed(ServiceNode, "annotations")
_of_edge = _fixed(Edge)
_of_part = _fixed(CauseService, "path")
_of_entity = _fixed(CauseEntity)


def _of_cause(cause: RootCause) -> tuple[Any, ...]:
    parts = [
        (
            _of_part(part),
            tuple([(_of_entity(entity), tuple([found.type for found in entity.exceptions])) for entity in part.path]),
        )
        for part in cause.services
    ]
    return (cause.client_impacting, tuple(parts))
