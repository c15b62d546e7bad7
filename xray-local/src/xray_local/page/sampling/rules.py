"""The sampling rules in the order of evaluation: what they match and keep, and what their clients reported. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xray_local.page.frame import formats
from xray_local.page.sampling.decision import PROPERTIES, policy
from xray_local.state.sampling.reservoirs import ClientCounts, Counts
from xray_local.traces.summaries import TraceSummary
from xray_model.matching import Verdict, ordered
from xray_model.sampling_rule import SamplingRule, sdk_ignores


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One sampling rule with the counts that its clients reported in the last hours, and the rates of the last minute.

    `share` is sampled divided by matched, None without requests; `seen` and `kept` are requests a second. `traces` are
    stored. `verdict` is the rule's part in the decision about the request in the form, empty without one.
    """

    place: int
    name: str
    priority: int
    conditions: tuple[tuple[str, str], ...]
    policy: str
    rate: float
    reservoir: int
    matched: int
    sampled: int
    borrowed: int
    share: float | None
    seen: float
    kept: float
    clients: int
    traces: int
    ignored: tuple[str, ...]
    decides: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class ClientLine:
    """What one client reported about a rule: `age` is in seconds, `seen` and `kept` are requests a second."""

    id: str
    age: float
    seen: float
    kept: float
    matched: int
    sampled: int
    borrowed: int


@dataclass(frozen=True, slots=True)
class TakenLine:
    """A trace that a rule took; `started` in epoch seconds, `duration` in seconds, `service` is where it entered.

    `marks` are its flags or ("ok",), `href` is the address of its page, `why` that of the decision about its request.
    """

    id: str
    href: str
    why: str
    started: float
    duration: float
    request: str
    status: int | None
    marks: tuple[str, ...]
    service: str


@dataclass(frozen=True, slots=True)
class Reports:
    """What the clients reported, and how many traces of each rule are stored."""

    windows: Sequence[Mapping[str, Any]]
    clients: Sequence[ClientCounts] = ()
    traces: Mapping[str, int] = field(default_factory=dict)

    def counts(self) -> dict[str, Counts]:
        """Return the sums of the windows, which are SamplingStatisticSummary shapes, by rule."""
        sums: defaultdict[str, Counts] = defaultdict(Counts)
        for window in self.windows:
            sums[window["RuleName"]] += Counts(
                *(int(window.get(f"{name}Count") or 0) for name in ("Request", "Sampled", "Borrow"))
            )
        return dict(sums)


def rule_lines(rules: Iterable[SamplingRule], reports: Reports, found: Iterable[Verdict] = ()) -> tuple[RuleLine, ...]:
    """Return the lines of the rules in the order of evaluation."""
    counts = reports.counts()
    by_rule = {verdict.rule.rule_name: verdict for verdict in found}
    return tuple(
        _rule_line(place, rule, counts.get(rule.rule_name, Counts()), reports, by_rule.get(rule.rule_name))
        for place, rule in enumerate(ordered(rules), 1)
    )


def client_lines(rule_name: str, clients: Iterable[ClientCounts], now: float) -> tuple[ClientLine, ...]:
    """Return the clients of a rule, the last report first."""
    return tuple(
        ClientLine(
            id=client.client_id,
            age=now - client.last,
            seen=client.recent.requests / client.seconds,
            kept=client.recent.sampled / client.seconds,
            matched=client.counts.requests,
            sampled=client.counts.sampled,
            borrowed=client.counts.borrowed,
        )
        for client in clients
        if client.rule_name == rule_name
    )


def taken_lines(summaries: Iterable[TraceSummary]) -> tuple[TakenLine, ...]:
    """Return the lines of the traces that a rule took, in the same order."""
    return tuple(
        TakenLine(
            id=summary.id,
            href=formats.trace_href(summary.id),
            why=_why(summary),
            started=summary.start,
            duration=summary.duration,
            request=formats.shortened(f"{summary.http.method or ''} {summary.http.url or ''}".strip()),
            status=summary.http.status,
            marks=tuple(map(str, summary.flags)) or ("ok",),
            service=summary.entry_point.name,
        )
        for summary in summaries
    )


def _why(summary: TraceSummary) -> str:
    service = summary.sampling.service if summary.sampling else summary.entry_point
    host = summary.sampling.host if summary.sampling else None
    fields = {
        "method": summary.http.method,
        "host": host,
        "path": summary.http.url,
        "service": service.name,
        "type": service.type,
    }
    return formats.link("/sampling", **{name: text for name, text in fields.items() if text})


def conditions(rule: SamplingRule) -> tuple[tuple[str, str], ...]:
    """Return the labels and patterns of what a rule matches by, without those that match anything."""
    properties = ((label, str(getattr(rule, name))) for name, label in PROPERTIES.items())
    return tuple([pair for pair in properties if pair[1] != "*"] + list(rule.attributes.items()))


def _rule_line(place: int, rule: SamplingRule, counts: Counts, reports: Reports, verdict: Verdict | None) -> RuleLine:
    clients = client_lines(rule.rule_name, reports.clients, 0.0)
    return RuleLine(
        place=place,
        name=rule.rule_name,
        priority=rule.priority,
        conditions=conditions(rule),
        policy=policy(rule),
        rate=rule.fixed_rate,
        reservoir=rule.reservoir_size,
        matched=counts.requests,
        sampled=counts.sampled,
        borrowed=counts.borrowed,
        share=counts.sampled / counts.requests if counts.requests else None,
        seen=sum(client.seen for client in clients),
        kept=sum(client.kept for client in clients),
        clients=len(clients),
        traces=reports.traces.get(rule.rule_name, 0),
        ignored=sdk_ignores(rule),
        decides=verdict is not None and verdict.matched,
        verdict="" if verdict is None else verdict.reason,
    )
