"""Evaluates filter expressions on traces: the model of a trace in the form that `xray_model` evaluates."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from xray_local.api import rendering
from xray_local.state.region import ACCOUNT_ID
from xray_local.traces.body import Http
from xray_local.traces.flags import Flag
from xray_local.traces.service_graph import CLIENT
from xray_local.traces.services import Edge, ServiceNode
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression, TraceFacts, matches, names_groups, to_text
from xray_model.filter_expression.nodes import And

Group = Mapping[str, Any]


class TraceFilter:
    """An expression, with the groups that it may name: pairs of Group shape and parsed expression."""

    def __init__(self, expression: Expression | None, groups: Sequence[tuple[Group, Expression]] = ()) -> None:
        self._expression = expression
        self._groups = groups

    @property
    def expression(self) -> Expression | None:
        """The expression, None if every trace matches."""
        return self._expression

    @cached_property
    def key(self) -> str:
        """The text of the expression, with that of the groups if it names one."""
        if self._expression is None:
            return ""
        groups = self._groups if names_groups(self._expression) else ()
        texts = [f"{group.get('GroupName')} {group.get('GroupARN')} {to_text(of_group)}" for group, of_group in groups]
        return "\n".join([to_text(self._expression), *texts])

    def narrowed(self, term: Expression) -> "TraceFilter":
        """Return the filter of those of the traces for which a term is true as well."""
        return TraceFilter(term if self._expression is None else And((self._expression, term)), self._groups)

    def holds(self, expression: Expression, trace: TraceSummary) -> bool:
        """Return whether another expression is true for a trace."""
        return self._evaluate(expression, _facts(trace))

    def matches(self, trace: TraceSummary) -> bool:
        """Return whether the trace matches; without an expression every trace does."""
        return self._expression is None or self._evaluate(self._expression, _facts(trace))

    def _evaluate(self, expression: Expression, facts: TraceFacts) -> bool:
        if names_groups(expression):
            facts = facts._replace(groups=self._memberships(facts))
        return matches(expression, facts)

    def _memberships(self, facts: TraceFacts) -> list[Group]:
        """Return the groups that the trace belongs to; groups that name groups are decided after those."""
        members: list[Group] = []
        for _ in self._groups:
            known, members = (
                members,
                [group for group, of_group in self._groups if matches(of_group, facts._replace(groups=members))],
            )
            if members == known:
                break
        return members


def selected(expression: Expression, trace: TraceSummary) -> Iterator[tuple[int, ServiceNode | Edge]]:
    """Yield the services and the calls of a trace that an expression of `service()` and `edge()` selects.

    Their places are those of `service_graph.call_times`.
    """
    facts = TraceFacts(summary={})
    nodes = [_node(service) for service in trace.services]
    for place, (service, node) in enumerate(zip(trace.services, nodes, strict=True)):
        if matches(expression, facts._replace(services=[node])):
            yield place, service
    for place, edge in enumerate(trace.edges, len(nodes)):
        if matches(expression, facts._replace(edges=[_edge(edge, nodes)])):
            yield place, edge


def _facts(trace: TraceSummary) -> TraceFacts:
    nodes = [_node(service) for service in trace.services]
    return TraceFacts(
        summary=rendering.trace_summary(trace),
        services=nodes,
        edges=[_edge(edge, nodes) for edge in trace.edges],
    )


def _node(service: ServiceNode) -> dict[str, Any]:
    """Return a service as the keywords of the filter language, with its identity in the API's names."""
    return {
        "Name": service.name,
        "Names": [service.name],
        "Type": service.type,
        "AccountId": ACCOUNT_ID,
        **_result(service),
        "partial": service.partial,
        "inferred": service.inferred,
        "root": service.root,
        "first": service.root,
        "last": service.last,
        "remote": service.remote,
        "coverage": service.coverage,
        "user": service.user,
        "name": service.name,
        "type": service.type,
        "message": service.messages,
        "availabilityzone": service.availability_zone,
        "instance_id": service.instance_id,
        "resource_arn": service.resource_arn,
        "annotations": service.annotations,
    }


def _edge(edge: Edge, nodes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a call as its caller recorded it; the client has the name of what it calls."""
    target = nodes[edge.target]
    source = target | {"Type": CLIENT} if edge.source is None else nodes[edge.source]
    return {"source": source, "target": target, **_result(edge)}


def _result(call: ServiceNode | Edge) -> dict[str, Any]:
    flags = {str(flag): flag in call.flags for flag in Flag}
    times = {"responsetime": call.duration, "duration": call.duration}
    return flags | {"ok": not call.flags, **times, "http": _http(call.http)}


def _http(http: Http) -> dict[str, Any]:
    return {name.replace("_", ""): getattr(http, name) for name in Http.__struct_fields__}
