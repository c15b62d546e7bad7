"""What of a summary the table of traces has as columns, and what traces of one shape have in common. Pure."""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from xray_local.state.store.summaries.overview.durations import bucket
from xray_local.traces.flags import Flag
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
"""Members that differ among traces of the same requests, and are no part of the shape. Of annotations, the keys are."""

_KEYS_ONLY = "annotations"


def columns(summary: TraceSummary, shape: int, route: int) -> tuple[Any, ...]:
    """Return the values of COLUMNS."""
    http = summary.http
    return (
        shape,
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
    return "\n" + "".join(orjson.dumps(value).decode() + "\n" for value in values)


def digest(dumped: bytes) -> bytes:
    """Return what is equal for the summaries of one shape, from the summary as JSON."""
    return hashlib.blake2b(orjson.dumps(_fixed(orjson.loads(dumped))), digest_size=16).digest()


def _fixed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _member(name, member) for name, member in value.items() if name not in VARIABLE}
    return [_fixed(member) for member in value] if isinstance(value, list) else value


def _member(name: str, member: Any) -> Any:
    if name != _KEYS_ONLY:
        return _fixed(member)
    return sorted({found["key"] for found in member}) if isinstance(member, list) else sorted(member)
