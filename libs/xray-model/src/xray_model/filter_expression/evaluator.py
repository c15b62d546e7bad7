"""Evaluates an expression on a trace (`TraceFacts`), or on one of its services or edges.

Never fails on a summary that lacks a field: a comparison with an absent value is false, whatever the operator.
"""

import json
from collections.abc import Callable, Iterable, Mapping
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
            return (value in names) is (operator == "=")
        case nodes.RootCause(cause, part, inner):
            return any(_inside(inner, one) for one in _parts(trace.summary, cause, part))
        case nodes.RootCauseJson(document):
            return _has_path(trace.summary, json.loads(document))
        case _:
            raise TypeError(f"{type(expression).__name__} is not part of an expression")


def _inside(inner: Expression | None, subject: Scope) -> bool:
    return inner is None or _holds(inner, subject)


def _compare(found: Iterable[Any], operator: str, value: Scalar) -> bool:
    candidates = [one for one in found if _comparable(one, value)]
    if operator == "!=":
        return bool(candidates) and value not in candidates
    return any(_OPERATORS[operator](one, value) for one in candidates)


def _comparable(one: object, value: Scalar) -> bool:
    if isinstance(one, bool) or isinstance(value, bool):
        return isinstance(one, bool) and isinstance(value, bool)
    if isinstance(value, str):
        return isinstance(one, str)
    return isinstance(one, int | float)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, value: one == value,
    "<": lambda one, value: one < value,
    "<=": lambda one, value: one <= value,
    ">": lambda one, value: one > value,
    ">=": lambda one, value: one >= value,
    "CONTAINS": lambda one, value: value in one,
    "BEGINSWITH": lambda one, value: one.startswith(value),
    "ENDSWITH": lambda one, value: one.endswith(value),
}


def _annotation(found: list[Any], operator: str | None, value: Scalar | None) -> bool:
    if operator is None or value is None:
        return any(one is not False for one in found)
    return _compare(found, operator, value)


def _is_service(identity: Identity, service: Scope) -> bool:
    names = {service.get("Name"), *(service.get("Names") or ())}
    return (
        (identity.name is None or identity.name in names)
        and (identity.type is None or identity.type == service.get("Type"))
        and (identity.account_id is None or identity.account_id == service.get("AccountId"))
    )


def _parts(summary: Scope, cause: str, part: str) -> list[Scope]:
    causes = summary.get(_ROOT_CAUSES[cause], ())
    services = [service for found in causes for service in found.get("Services", ())]
    if part == "service":
        return [{**service, cause: True} for service in services]
    entities = [entity for service in services for entity in service.get("EntityPath", ())]
    if part == "entity":
        return [{**entity, cause: True} for entity in entities]
    return [exception for entity in entities for exception in entity.get("Exceptions", ())]


def _has_path(summary: Scope, document: object) -> bool:
    wanted = document if isinstance(document, list) else [document]
    paths = [_path(cause) for key in _ROOT_CAUSES.values() for cause in summary.get(key, ())]
    return any(_path(cause) in paths for cause in wanted if isinstance(cause, Mapping))


def _path(cause: Mapping[str, Any]) -> list[tuple[object, list[object]]]:
    return [
        (service.get("Name"), [entity.get("Name") for entity in service.get("EntityPath", ())])
        for service in cause.get("Services", ())
    ]
