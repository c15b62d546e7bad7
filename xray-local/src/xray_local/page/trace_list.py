"""What the page shows, computed from the API's answers: plain values that a template prints and JSON repeats.

`web` calls it. Pure: time is an argument, links are relative, and nothing is escaped here (the templates do).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from xray_local.page import formats

MARKS = (("HasFault", "fault"), ("HasThrottle", "throttle"), ("HasError", "error"))
"""A trace summary's flags and the words for them, the gravest first."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of an axis: where it starts and how wide it is, in percent."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One trace in the list; `marks` is ("ok",) or the troubles of any of its services."""

    id: str
    href: str
    method: str
    host: str
    path: str
    status: int | None
    status_class: str
    marks: tuple[str, ...]
    partial: bool
    started: float
    started_iso: str
    started_clock: str
    started_ago: str
    duration: float | None
    duration_text: str
    bar: Bar
    services: tuple[str, ...]
    documents: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group and how many of the stored traces match it; `matches` ends in + when there may be more."""

    name: str
    expression: str
    href: str
    matches: str
    insights: str


FILTERS = (
    ("fault OR error", "something went wrong, with a 5xx or a 4xx"),
    ('service("backend-flask") { fault }', "this service failed"),
    ("responsetime > 0.5 AND !partial", "finished, and took more than half a second"),
    ('http.url CONTAINS "/api/" AND http.status = 404', "requests that were not found"),
    ('annotation.end_notifications CONTAINS ""', "carries this annotation"),
    ('edge("backend-flask", "users") { throttle }', "one service was throttled by another"),
)
"""Examples of the filter language and what they mean, for the page to offer."""


def filter_examples() -> tuple[tuple[str, str, str], ...]:
    """Each of FILTERS with the address of the list of its traces."""
    return tuple((expression, meaning, filter_href(expression)) for expression, meaning in FILTERS)


def link(path: str, **query: str | int) -> str:
    """An address with those parts of the query that are not empty; half a surrogate pair becomes a question mark."""
    given = urlencode({name: value for name, value in query.items() if value}, errors="replace")
    return f"{path}?{given}" if given else path


def filter_href(expression: str) -> str:
    """The list of the traces that match an expression."""
    return link("/", filter=expression)


def trace_href(trace_id: str) -> str:
    """The page of one trace."""
    return f"/traces/{quote(trace_id, safe='', errors='replace')}"


def status_class(status: int | None) -> str:
    """The colour class of an HTTP status: ok, error, throttle or fault."""
    if status is None or status < 400:
        return "ok"
    if status >= 500:
        return "fault"
    return "throttle" if status == 429 else "error"


def trace_lines(summaries: Sequence[Mapping[str, Any]], *, now: float) -> tuple[TraceLine, ...]:
    """TraceSummary shapes as lines in the given order; bars are relative to the longest of them."""
    longest = max((_duration(summary) or 0.0 for summary in summaries), default=0.0)
    return tuple(_trace_line(summary, longest, now) for summary in summaries)


def _trace_line(summary: Mapping[str, Any], longest: float, now: float) -> TraceLine:
    http = summary.get("Http") or {}
    url = str(http.get("HttpURL") or "")
    host, path = split_url(url)
    services = service_names(summary.get("ServiceIds") or ())
    entry = str((summary.get("EntryPoint") or {}).get("Name") or "") or (services[0] if services else "")
    status = http.get("HttpStatus")
    started = float(summary.get("StartTime") or trace_epoch(summary["Id"]))
    duration = _duration(summary)
    return TraceLine(
        id=summary["Id"],
        href=trace_href(summary["Id"]),
        method=formats.shortened(str(http.get("HttpMethod") or ""), 20),
        host=formats.shortened(host, 80),
        path=formats.shortened(path or entry or "no entry point yet"),
        status=status,
        status_class=status_class(status),
        marks=tuple(mark for flag, mark in MARKS if summary.get(flag)) or ("ok",),
        partial=bool(summary.get("IsPartial")),
        started=started,
        started_iso=formats.iso(started),
        started_clock=formats.clock(started),
        started_ago=formats.ago(now - started),
        duration=duration,
        duration_text=formats.duration(duration),
        bar=Bar(0, share_percent(duration or 0, longest)),
        services=services,
        documents=formats.count(summary["Revision"], "document") if summary.get("Revision") else "",
    )


def _duration(summary: Mapping[str, Any]) -> float | None:
    value = summary.get("Duration")
    return None if value is None else float(value)


def trace_epoch(trace_id: str) -> float:
    """The time inside a trace id (its 8 hex digits), 0.0 when there is none."""
    try:
        return float(int(trace_id.split("-")[1], 16))
    except (IndexError, ValueError):
        return 0.0


def split_url(url: str) -> tuple[str, str]:
    """Host and path with query of a URL; what is no URL is all path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    if not parts.netloc:
        return "", url
    path = parts.path or "/"
    return parts.netloc, f"{path}?{parts.query}" if parts.query else path


def service_names(services: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Each service's name once, in the order given."""
    return tuple(dict.fromkeys(str(service["Name"]) for service in services if service.get("Name")))


def share_percent(part: float, whole: float) -> float:
    """A part of a whole in percent, between 0.4 (still visible) and 100; 0 of nothing is 0."""
    if whole <= 0 or part <= 0:
        return 0.0
    return round(max(0.4, min(100.0, part / whole * 100)), 3)


def group_line(group: Mapping[str, Any], matches: str) -> GroupLine:
    """A Group shape and its number of matching traces."""
    insights = group.get("InsightsConfiguration") or {}
    words = [
        word
        for key, word in (("InsightsEnabled", "insights"), ("NotificationsEnabled", "notifications"))
        if insights.get(key)
    ]
    expression = str(group.get("FilterExpression") or "")
    return GroupLine(
        name=str(group.get("GroupName") or ""),
        expression=expression,
        href=filter_href(expression),
        matches=matches,
        insights=", ".join(words) or "off",
    )
