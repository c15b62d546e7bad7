"""One row as the pane shows it: what it did, where, how long, why it failed, and all that was recorded. Pure."""

import shlex
from dataclasses import dataclass

from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.analysis.calls import Called
from xray_local.page.trace.row.details import Details, details
from xray_local.page.trace.rows import WIRES
from xray_local.page.trace.shown.view import key
from xray_local.traces.body import Body
from xray_local.traces.waterfall import Row


@dataclass(frozen=True, slots=True)
class Part:
    """A row of the trace with its details; `own` is its own time, `starts` when it started in the trace, in seconds."""

    place: int
    key: str
    row: Row
    called: Called
    service: str
    wires: str
    own: float
    starts: float
    critical: float
    flag: str
    began: bool
    details: Details
    curl: str


@dataclass(frozen=True, slots=True)
class Pane:
    """A row, and for a call the segment that answered it; `network` is what the call took longer, in seconds."""

    parts: tuple[Part, ...]
    network: float | None

    @property
    def first(self) -> Part:
        """The row itself."""
        return self.parts[0]


def pane(trace: AnalysedTrace, place: int) -> Pane:
    """Return the pane of a row; of a call and the segment that answered it, that of both."""
    call = next((call for call, answer in trace.answers.items() if answer == place), place)
    answer = trace.answers.get(call)
    if answer is None:
        return Pane((_part(trace, call),), None)
    network = (trace.rows[call].duration or 0.0) - (trace.rows[answer].duration or 0.0)
    return Pane((_part(trace, call), _part(trace, answer)), network if network > 0 else None)


def _part(trace: AnalysedTrace, place: int) -> Part:
    row = trace.rows[place]
    return Part(
        place=place,
        key=key(trace, place),
        row=row,
        called=trace.label(place),
        service=trace.at_work[place],
        wires=WIRES[row.wires],
        own=trace.own[place],
        starts=max(0.0, row.start - trace.tree.start),
        critical=sum(end - start for start, end in trace.critical.get(place, ())),
        flag=str(next(iter(trace.failed.get(place, ())), "")),
        began=place in trace.origins,
        details=details(row.body),
        curl=curl(row.body),
    )


def curl(body: Body) -> str:
    """Return the command that sends the recorded request again; empty if there is no whole one."""
    http = body.http
    if not http.url or "://" not in http.url:
        return ""
    method = f"-X {shlex.quote(http.method)} " if http.method and http.method != "GET" else ""
    agent = f"-A {shlex.quote(http.user_agent)} " if http.user_agent else ""
    return f"curl -i {method}{agent}{shlex.quote(http.url)}"
