"""What the page shows, computed from the API's answers: plain values that a template prints and JSON repeats.

`web` calls it. Pure: time is an argument, links are relative, and nothing is escaped here (the templates do).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from xray_local import formats
from xray_model.matching import RequestProperties, Verdict, explain
from xray_model.sampling_rule import SamplingRule

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


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group and how many of the stored traces match it; `matches` ends in + when there may be more."""

    name: str
    expression: str
    href: str
    matches: str
    insights: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One sampling rule with what its clients reported; `share` is sampled of matched, None without requests.

    `verdict` says what becomes of it for the request that was asked about, "" when none was.
    """

    place: int
    name: str
    priority: int
    request: str
    conditions: tuple[tuple[str, str], ...]
    rate: float
    rate_text: str
    reservoir: int
    matched: int
    sampled: int
    borrowed: int
    share: float | None
    share_text: str
    share_bar: Bar
    rate_mark: float
    decides: bool
    verdict: str


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
        method=str(http.get("HttpMethod") or ""),
        host=host,
        path=path or entry or "no entry point yet",
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


CONDITIONS = (
    ("Host", "host"),
    ("ServiceName", "service"),
    ("ServiceType", "type"),
    ("ResourceARN", "resource"),
)
"""Fields of a rule that are told only when they are not `*`, and their words."""


ASKED = ("method", "path", "host", "service")
"""What one may ask about a request: which rule decides about it."""


def verdicts(records: Iterable[Mapping[str, Any]], asked: Mapping[str, str]) -> dict[str, Verdict]:
    """Each rule's verdict on the request of the fields ASKED, by rule name; nothing when none is filled in."""
    known = {field: asked.get(field) or None for field in ASKED}
    if not any(known.values()):
        return {}
    request = RequestProperties(
        http_method=known["method"], url_path=known["path"], host=known["host"], service_name=known["service"]
    )
    rules = [SamplingRule.from_api(record["SamplingRule"]) for record in records]
    return {verdict.rule.rule_name: verdict for verdict in explain(rules, request)}


def rule_lines(
    records: Iterable[Mapping[str, Any]],
    statistics: Iterable[Mapping[str, Any]],
    told: Mapping[str, Verdict] = MappingProxyType({}),
) -> tuple[RuleLine, ...]:
    """SamplingRuleRecord shapes in the order in which X-Ray tries them, with the sums of the statistics."""
    counts = _rule_counts(statistics)
    rules = sorted(
        (record["SamplingRule"] for record in records), key=lambda rule: (rule["Priority"], rule["RuleName"])
    )
    return tuple(
        _rule_line(place, rule, counts.get(rule["RuleName"], (0, 0, 0)), told.get(rule["RuleName"]))
        for place, rule in enumerate(rules, 1)
    )


def _rule_counts(statistics: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, int, int]]:
    counts: dict[str, tuple[int, int, int]] = {}
    for summary in statistics:
        matched, sampled, borrowed = counts.get(summary["RuleName"], (0, 0, 0))
        counts[summary["RuleName"]] = (
            matched + int(summary.get("RequestCount") or 0),
            sampled + int(summary.get("SampledCount") or 0),
            borrowed + int(summary.get("BorrowCount") or 0),
        )
    return counts


def _rule_line(place: int, rule: Mapping[str, Any], counts: tuple[int, int, int], verdict: Verdict | None) -> RuleLine:
    matched, sampled, borrowed = counts
    share = sampled / matched if matched else None
    rate = float(rule["FixedRate"])
    conditions = [(word, str(rule[key])) for key, word in CONDITIONS if rule.get(key, "*") != "*"]
    conditions += [(str(key), str(text)) for key, text in (rule.get("Attributes") or {}).items()]
    return RuleLine(
        place=place,
        name=str(rule["RuleName"]),
        priority=int(rule["Priority"]),
        request=" ".join(str(rule[key]) for key in ("HTTPMethod", "URLPath") if rule.get(key, "*") != "*"),
        conditions=tuple(conditions),
        rate=rate,
        rate_text=formats.percent(rate),
        reservoir=int(rule["ReservoirSize"]),
        matched=matched,
        sampled=sampled,
        borrowed=borrowed,
        share=share,
        share_text="" if share is None else formats.percent(share),
        share_bar=Bar(0, share_percent(share or 0, 1)),
        rate_mark=round(rate * 100, 2),
        decides=verdict is not None and verdict.matched,
        verdict="" if verdict is None else verdict.reason,
    )
