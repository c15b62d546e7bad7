"""What a trace was: its request, its result and the sampling rule that took it. Pure."""

from dataclasses import dataclass

from xray_local.page.frame import formats
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.traces.flags import Flag


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sampling rule that took a trace, and the request that it decided about; None for what was not recorded."""

    rule: str
    service: str
    type: str | None
    method: str | None
    host: str | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """The title of a trace: its first row with a request, or else its first row.

    `url` is the whole one, `path` what the title shows; `start` is in epoch seconds, `duration` in seconds.
    """

    method: str
    url: str
    host: str
    path: str
    status: int | None
    flags: tuple[Flag, ...]
    start: float
    duration: float
    in_progress: bool


def head(trace: AnalysedTrace) -> Head:
    """Return the title of a trace that has at least one row; its flags are those of the roots."""
    rows = trace.rows
    requests = (row for row in rows if "http" in row.entry.body.raw and row.body.object("http", "request"))
    titled = next(requests, rows[0])
    http = titled.body.http
    host, path = formats.split_url(http.url or "")
    flags = {flag for place in trace.places.children(-1) for flag in trace.failed.get(place, ())}
    return Head(
        method=formats.shortened(http.method or "", 20),
        url=http.url or "",
        host=formats.shortened(host, 80),
        path=formats.shortened(path or titled.name or "(no name)"),
        status=http.status,
        flags=tuple(flag for flag in Flag if flag in flags),
        start=trace.tree.start,
        duration=trace.tree.duration,
        in_progress=any(row.entry.end is None for row in rows),
    )


def sampled(trace: AnalysedTrace) -> Sampled | None:
    """Return the rule that the first segment with one names, as X-Ray's SDKs and samplers record it."""
    for row in trace.rows:
        if row.entry.is_segment and (rule := row.body.sampling_rule):
            http = row.body.http
            host, path = formats.split_url(http.url or "")
            path = path.partition("?")[0]
            return Sampled(rule, row.entry.name, row.body.text("origin"), http.method, host or None, path or None)
    return None
