"""What edited rules would keep of the traffic that is stored. Pure.

A stored trace stands for as many requests as its rule saw for each that it kept: by what the clients reported, else by
the rule's reservoir and rate. Without a rule it stands for itself. How many of them came in a second follows from the
share that the rule kept, since the reservoir covers more of few requests; it is at least the average of the time. The
edited rules decide about these requests, and each rule keeps its reservoir and its rate of the rest. What a rule took
stays as it is if the edits change nothing for it.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xray_local.page.frame import formats
from xray_local.page.sampling.decision import kept_a_second
from xray_local.state.sampling.reservoirs import Counts
from xray_local.state.store import Requests
from xray_model.matcher import Matcher
from xray_model.matching import RequestProperties, ordered
from xray_model.sampling_rule import SamplingRule

ROUTES_MAX = 20
SECONDS_MIN = 60.0
OTHERS = "other routes"


@dataclass(frozen=True, slots=True)
class RehearsedRoute:
    """The traces of a route a minute, as they are stored and as they would be, and the rules that would decide."""

    route: str
    today: float
    then: float
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is stored and what would be kept, in traces a minute; `seconds` is the time in which the traces started."""

    traces: int
    seconds: float
    today: float
    then: float
    routes: tuple[RehearsedRoute, ...]


@dataclass(slots=True)
class _Flow:
    """Equal requests: the stored traces, the requests that they stand for, and the rules that decide about them."""

    route: str
    traces: int
    requests: float
    a_second: float
    before: SamplingRule | None
    after: SamplingRule | None


def rehearse(
    found: Sequence[Requests],
    rules: Iterable[SamplingRule],
    changed: Iterable[SamplingRule],
    reported: Mapping[str, Counts],
) -> Rehearsal:
    """Return what the changed rules would keep of the requests that were found."""
    if not found:
        return Rehearsal(0, 0.0, 0.0, 0.0, ())
    seconds = max(SECONDS_MIN, max(item.last for item in found) - min(item.first for item in found))
    flows = _flows(found, {rule.rule_name: rule for rule in rules}, list(changed), reported, seconds)
    before, after = (_requests(flows, at) for at in ("before", "after"))
    kept = [_kept(flow, before, after) for flow in flows]
    minutes = seconds / 60
    traces = sum(flow.traces for flow in flows)
    return Rehearsal(traces, seconds, traces / minutes, sum(kept) / minutes, _routes(flows, kept, minutes))


def _flows(
    found: Iterable[Requests],
    rules: Mapping[str, SamplingRule],
    changed: Sequence[SamplingRule],
    reported: Mapping[str, Counts],
    seconds: float,
) -> list[_Flow]:
    matcher = Matcher([(rule, rule) for rule in ordered(changed)], required=("resource_arn",))
    traces: defaultdict[str, int] = defaultdict(int)
    for item in found:
        traces[_rule(item)] += item.count
    seen = {name: _seen(rules.get(name), reported.get(name), count, seconds) for name, count in traces.items()}
    return [
        _Flow(
            route=item.route or item.entry_point.name,
            traces=item.count,
            requests=item.count * seen[_rule(item)][0] / traces[_rule(item)],
            a_second=item.count * seen[_rule(item)][1] / traces[_rule(item)],
            before=rules.get(_rule(item)),
            after=matcher.first(_properties(item)),
        )
        for item in found
    ]


def _seen(rule: SamplingRule | None, counts: Counts | None, traces: int, seconds: float) -> tuple[float, float]:
    """Return how many requests a rule saw that took these traces, and how many of them in a second."""
    if rule is None:
        return traces, traces / seconds
    if counts is not None and counts.sampled:
        requests = traces * max(1.0, counts.requests / counts.sampled)
        excess = counts.sampled / counts.requests - rule.fixed_rate if counts.requests else 0.0
        busy = rule.reservoir_size * (1 - rule.fixed_rate) / excess if excess > 0 else 0.0
        return requests, max(requests / seconds, busy)
    beyond = max(0.0, traces - rule.reservoir_size * seconds)
    requests = traces - beyond + (beyond / rule.fixed_rate if rule.fixed_rate else beyond)
    return requests, requests / seconds


def _requests(flows: Iterable[_Flow], at: Literal["before", "after"]) -> dict[SamplingRule, float]:
    """Return the requests a second about which each rule decides, before or after the edits."""
    found: defaultdict[SamplingRule, float] = defaultdict(float)
    for flow in flows:
        rule: SamplingRule | None = getattr(flow, at)
        if rule is not None:
            found[rule] += flow.a_second
    return dict(found)


def _kept(flow: _Flow, before: Mapping[SamplingRule, float], after: Mapping[SamplingRule, float]) -> float:
    """Return how many traces of a flow would be kept: those that are, if nothing changes for its rule."""
    rule = flow.after
    if rule is None:
        return flow.requests
    if rule == flow.before and math.isclose(before[rule], after[rule]):
        return float(flow.traces)
    return flow.requests * kept_a_second(rule, after[rule]) / after[rule]


def _routes(flows: Sequence[_Flow], kept: Sequence[float], minutes: float) -> tuple[RehearsedRoute, ...]:
    """Return the routes with the most traces, and the others as one."""
    today: defaultdict[str, float] = defaultdict(float)
    for flow in flows:
        today[flow.route] += flow.traces / minutes
    shown = set(sorted(today, key=lambda route: -today[route])[:ROUTES_MAX])
    routes: dict[str, RehearsedRoute] = {}
    for flow, then in zip(flows, kept, strict=True):
        name = flow.route if flow.route in shown else OTHERS
        route = routes.get(name, RehearsedRoute(name, 0.0, 0.0, ()))
        rule = (flow.after.rule_name,) if flow.after else ()
        rules = tuple(dict.fromkeys((*route.rules, *rule)))
        routes[name] = RehearsedRoute(name, route.today + flow.traces / minutes, route.then + then / minutes, rules)
    return tuple(sorted(routes.values(), key=lambda route: (route.route == OTHERS, -route.today)))


def _rule(item: Requests) -> str:
    """Return the name of the rule that took the traces, empty if it was not recorded."""
    return item.sampling.rule if item.sampling else ""


def _properties(item: Requests) -> RequestProperties:
    """Return what the service that decided knew; the method and the path are those of the first request."""
    host, path = formats.split_url(item.url or "")
    service = item.sampling.service if item.sampling else item.entry_point
    return RequestProperties(
        service_name=service.name,
        service_type=service.type,
        host=(item.sampling.host if item.sampling else None) or host.partition(":")[0] or None,
        http_method=item.method,
        url_path=path.partition("?")[0] or None,
        attributes=dict(map(json.loads, filter(None, item.annotations.split("\n")))) if item.annotations else {},
    )
