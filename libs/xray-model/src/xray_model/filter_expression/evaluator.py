"""Evaluates an expression on a trace (`TraceFacts`), or on one of its services or edges.

A missing field is not an error: every comparison with it is false, even `!=`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import contains, eq, ge, gt, le, lt
from typing import Any

from xray_model.filter_expression import nodes, scope
from xray_model.filter_expression.nodes import Expression, Identity, Scalar
from xray_model.filter_expression.scope import Subject, TraceFacts

Scope = Mapping[str, Any]
_ROOT_CAUSES = {"fault": "FaultRootCauses", "error": "ErrorRootCauses", "responsetime": "ResponseTimeRootCauses"}


def matches(expression: Expression, trace: TraceFacts) -> bool:
    """Return whether the expression is true for a trace."""
    return _holds(expression, trace)


def _holds(expression: Expression, subject: Subject) -> bool:
    match expression:
        case nodes.Or(operands):
            return any(_holds(operand, subject) for operand in operands)
        case nodes.And(operands):
            return all(_holds(operand, subject) for operand in operands)
        case nodes.Not(operand):
            return not _holds(operand, subject)
        case nodes.Flag(keyword):
            return True in scope.values(subject, keyword)
        case nodes.Exists(keyword):
            return bool(scope.values(subject, keyword))
        case nodes.Compare(keyword, operator, value):
            return _compare(scope.values(subject, keyword), operator, value)
        case nodes.Annotation(key, operator, value):
            return _annotation(scope.annotations(subject, key), operator, value)
        case _:
            return _complex(expression, subject if isinstance(subject, TraceFacts) else TraceFacts(subject))


def _complex(expression: Expression, trace: TraceFacts) -> bool:
    match expression:
        case nodes.Service(identity, inner):
            return any(_is_service(identity, service) and _inside(inner, service) for service in trace.services)
        case nodes.Edge(source, target, inner):
            return any(
                _is_service(source, edge["source"]) and _is_service(target, edge["target"]) and _inside(inner, edge)
                for edge in trace.edges
            )
        case nodes.Group(by, operator, value):
            names = [group.get("GroupName" if by == "name" else "GroupARN") for group in trace.groups]
            return bool(names) if operator is None else (value in names) is (operator == "=")
        case nodes.RootCause(cause, part, inner):
            return any(_inside(inner, entity) for entity in _parts(trace.summary, cause, part))
        case nodes.RootCauseJson(document):
            return _has_path(trace.summary, json.loads(document))
        case _:
            raise TypeError(f"{type(expression).__name__} is not an expression")


def _inside(inner: Expression | None, subject: Scope) -> bool:
    return inner is None or _holds(inner, subject)


def _compare(found: Iterable[Any], operator: str, value: Scalar) -> bool:
    candidates = [candidate for candidate in found if _comparable(candidate, value)]
    return any_compares(candidates, operator, value)


def any_compares(candidates: Sequence[Any], operator: str, value: Scalar) -> bool:
    """Return whether a value of the literal's type compares so to it; for `!=`, there are some and none is equal."""
    if operator == "!=":
        return bool(candidates) and value not in candidates
    return any(_OPERATORS[operator](candidate, value) for candidate in candidates)


def _comparable(candidate: object, value: Scalar) -> bool:
    if isinstance(candidate, bool) or isinstance(value, bool):
        return isinstance(candidate, bool) and isinstance(value, bool)
    if isinstance(value, str):
        return isinstance(candidate, str)
    return isinstance(candidate, int | float)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "CONTAINS": contains,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}


def _annotation(found: list[Any], operator: str | None, value: Scalar | None) -> bool:
    if operator is None or value is None:
        return any(value is not False for value in found)
    return _compare(found, operator, value)


def _is_service(identity: Identity, service: Scope) -> bool:
    names = {service.get("Name"), *(service.get("Names") or ())}
    return (
        (identity.name is None or identity.name in names)
        and (identity.type is None or identity.type == service.get("Type"))
        and (identity.account_id is None or identity.account_id == service.get("AccountId"))
    )


def _parts(summary: Scope, cause: str, part: str) -> list[Scope]:
    """Return the services, entities or exceptions of root causes, each with its place in the list that it is in."""
    root_causes = summary.get(_ROOT_CAUSES[cause], ())
    services = [placed for root_cause in root_causes for placed in _placed(root_cause.get("Services", ()), cause)]
    if part == "service":
        return services
    entities = [placed for service in services for placed in _placed(service.get("EntityPath", ()), cause)]
    if part == "entity":
        return entities
    return [placed for entity in entities for placed in _placed(entity.get("Exceptions", ()), cause)]


def _placed(members: Sequence[Scope], cause: str) -> list[Scope]:
    end = len(members) - 1
    return [
        {**member, cause: True, "index": index, "first": index == 0, "last": index == end}
        for index, member in enumerate(members)
    ]


def _has_path(summary: Scope, document: object) -> bool:
    wanted = document if isinstance(document, list) else [document]
    root_causes = [root_cause for key in _ROOT_CAUSES.values() for root_cause in summary.get(key, ())]
    patterns = (pattern for pattern in wanted if isinstance(pattern, Mapping))
    return any(_fits(pattern, root_cause) for pattern in patterns for root_cause in root_causes)


def _fits(pattern: object, found: object) -> bool:
    """Return whether a JSON value is as the pattern says; members that the pattern leaves out may be anything."""
    if isinstance(pattern, Mapping):
        return isinstance(found, Mapping) and all(_fits(value, found.get(key)) for key, value in pattern.items())
    if isinstance(pattern, list):
        if not isinstance(found, list | tuple) or len(found) != len(pattern):
            return False
        return all(_fits(*pair) for pair in zip(pattern, found, strict=True))
    return pattern == found and isinstance(pattern, bool) is isinstance(found, bool)
