"""The list of traces: TraceSummary shapes as the lines of a table. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_local.page.frame import formats
from xray_local.traces.flags import Flag


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One trace; `marks` is ("ok",) or its flags, `share` its duration divided by the longest one of the list.

    `started` is in epoch seconds, `age` and `duration` in seconds; `documents` is 0 if it is unknown.
    """

    id: str
    href: str
    method: str
    host: str
    path: str
    status: int | None
    marks: tuple[str, ...]
    partial: bool
    started: float
    age: float
    duration: float | None
    share: float
    services: tuple[str, ...]
    documents: int


EXAMPLES = (
    ("fault OR error", "requests that failed, with a 5xx or a 4xx"),
    ('service("backend-flask") { fault }', "faults of this service"),
    ("responsetime > 0.5 AND !partial", "complete traces that took more than half a second"),
    ('http.url CONTAINS "/api/" AND http.status = 404', "requests that were not found"),
    ('annotation.end_notifications CONTAINS ""', "traces with this annotation"),
    ('edge("backend-flask", "users") { throttle }', "throttled calls from one service to another"),
)
"""Examples of filter expressions and their meanings, which the page offers."""


def filter_examples() -> tuple[tuple[str, str, str], ...]:
    """Return each of EXAMPLES with the address of the list of its traces."""
    return tuple((expression, meaning, formats.filter_href(expression)) for expression, meaning in EXAMPLES)


def trace_lines(summaries: Sequence[Mapping[str, Any]], *, now: float) -> tuple[TraceLine, ...]:
    """Return the lines of TraceSummary shapes, in the same order."""
    longest = max((_duration(summary) or 0.0 for summary in summaries), default=0.0)
    return tuple(_trace_line(summary, longest, now) for summary in summaries)


def _trace_line(summary: Mapping[str, Any], longest: float, now: float) -> TraceLine:
    http = summary.get("Http") or {}
    host, path = formats.split_url(str(http.get("HttpURL") or ""))
    services = service_names(summary.get("ServiceIds") or ())
    entry_point = str((summary.get("EntryPoint") or {}).get("Name") or "") or next(iter(services), "")
    started = float(summary.get("StartTime") or trace_epoch(summary["Id"]))
    duration = _duration(summary)
    return TraceLine(
        id=summary["Id"],
        href=formats.trace_href(summary["Id"]),
        method=formats.shortened(str(http.get("HttpMethod") or ""), 20),
        host=formats.shortened(host, 80),
        path=formats.shortened(path or entry_point or "no entry point yet"),
        status=http.get("HttpStatus"),
        marks=summary_flags(summary) or ("ok",),
        partial=bool(summary.get("IsPartial")),
        started=started,
        age=now - started,
        duration=duration,
        share=duration / longest if duration and longest else 0.0,
        services=services,
        documents=summary.get("Revision") or 0,
    )


def summary_flags(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the flags of a TraceSummary shape, the most severe first."""
    return tuple(str(flag) for flag in Flag if summary.get(f"Has{flag.capitalize()}"))


def _duration(summary: Mapping[str, Any]) -> float | None:
    value = summary.get("Duration")
    return None if value is None else float(value)


def trace_epoch(trace_id: str) -> float:
    """Return the time inside a trace id (its 8 hex digits), 0.0 if there is none."""
    try:
        return float(int(trace_id.split("-")[1], 16))
    except (IndexError, ValueError):
        return 0.0


def service_names(services: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return each service's name once, in the same order."""
    return tuple(dict.fromkeys(str(service["Name"]) for service in services if service.get("Name")))
