"""The list of traces: TraceSummary shapes as the lines of a table. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_local.page.frame import formats
from xray_local.traces.flags import Flag


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One trace; `marks` is ("ok",) or its flags, `reason` where and by which exception it failed, if it did.

    `started` is in epoch seconds, `age` and `duration` in seconds, `place` where the duration is on the scale of the
    list, in percent.
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
    place: float
    services: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Where a trace failed, by which exception or call, and the message of the exception; empty if it did not."""

    service: str = ""
    what: str = ""
    message: str = ""

    @property
    def text(self) -> str:
        """The service and the exception or the call."""
        return f"{self.service}: {self.what}" if self.what else self.service


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale of durations in seconds."""

    shortest: float
    longest: float

    def place(self, duration: float | None) -> float:
        """Return where a duration is, in percent."""
        low = max(self.shortest, 1e-6)
        if not duration or duration <= low or self.longest <= low:
            return 0.0
        return round(min(1.0, math.log(duration / low) / math.log(self.longest / low)) * 100, 1)


EXAMPLES = (
    ("checkout", "a word: in URLs, names of services, users"),
    ("/checkout failed", "a path, and a result: failed, errors, throttled, slow, ok, 502, 5xx"),
    ("user=user-7 plan=gold", "a user, and an annotation"),
    (">500ms -healthz", "more than half a second, and without a word"),
    ("ReadTimeoutError", "failed with this exception"),
    ('service("backend-flask") { fault }', "the filter language: faults of this service"),
    ("responsetime > 0.5 AND !partial", "complete traces that took more than half a second"),
    ('edge("backend-flask", "users") { throttle }', "throttled calls from one service to another"),
)
"""Examples of what the field takes, and their meanings, which the page offers."""


def field_examples() -> tuple[tuple[str, str, str], ...]:
    """Return each of EXAMPLES with the address of the list of its traces."""
    return tuple((typed, meaning, formats.filter_href(typed)) for typed, meaning in EXAMPLES)


def trace_lines(summaries: Sequence[Mapping[str, Any]], *, now: float, scale: Scale) -> tuple[TraceLine, ...]:
    """Return the lines of TraceSummary shapes, in the same order."""
    return tuple(_trace_line(summary, scale, now) for summary in summaries)


def _trace_line(summary: Mapping[str, Any], scale: Scale, now: float) -> TraceLine:
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
        place=scale.place(duration),
        services=services,
        reason=formats.shortened(reason(summary).text, 120),
    )


def reason(summary: Mapping[str, Any]) -> Reason:
    """Return why a trace failed, by the first cause that its TraceSummary shape names."""
    causes = summary.get("FaultRootCauses") or summary.get("ErrorRootCauses") or ()
    if not causes or not (summary.get("HasFault") or summary.get("HasError")):
        return Reason()
    services = causes[0].get("Services") or ()
    entities = [(service, entity) for service in services for entity in service.get("EntityPath") or ()]
    for service, entity in reversed(entities):
        for thrown in reversed(entity.get("Exceptions") or ()):
            name = str(thrown.get("Name") or "").rpartition(".")[2]
            return Reason(str(service.get("Name") or ""), name, str(thrown.get("Message") or ""))
    named = [service for service in services if not service.get("Inferred")] or services
    where = str(named[-1].get("Name") or "") if named else ""
    what = str(entities[-1][1].get("Name") or "") if entities else ""
    return Reason(where, what if what != where else "")


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
