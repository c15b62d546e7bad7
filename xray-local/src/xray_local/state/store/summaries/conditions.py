"""A filter expression as a condition on the columns of traces. Pure.

A condition holds for every trace that the expression is true for. If it is `exact`, it holds for no other one; if it is
not, the evaluator of `xray_model` decides about the traces that it selects.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from xray_model.filter_expression import Expression, nodes

_NUMBERS = {"duration": "duration", "responsetime": "responsetime", "http.status": "http_status"}
_TEXTS = {name: name.replace(".", "_") for name in ("http.method", "http.url", "http.useragent", "http.clientip")}
_FLAGS = {"fault": "fault", "error": "error", "throttle": "throttle", "partial": "partial"}
_OF_SHAPE = frozenset(
    {"inferred", "first", "last", "remote", "root", "name", "type", "availabilityzone", "instance.id", "resource.arn"}
)
"""Keywords whose values are equal for all traces of a shape, for a whole trace and for a service."""

_OF_NODE = _OF_SHAPE | {"ok", *_FLAGS}
_OF_CAUSE = frozenset({"name", "type", "inferred", "remote"})
"""The same of a service, an entry or an exception of a root cause."""

_SQL = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
ShapesOf = Callable[[Expression], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL with its parameters."""

    sql: str = "1"
    parameters: tuple[Any, ...] = ()
    exact: bool = True


ANY = Condition()
_UNKNOWN = Condition(exact=False)


def condition(expression: Expression, shapes_of: ShapesOf) -> Condition:
    """Return the condition of an expression; `shapes_of` evaluates one that depends on the shape of a trace only."""
    match expression:
        case nodes.Or(operands):
            return joined_conditions(" OR ", _cheapest_first(operands, shapes_of))
        case nodes.And(operands):
            return joined_conditions(" AND ", _cheapest_first(operands, shapes_of))
        case nodes.Not(operand):
            inner = condition(operand, shapes_of)
            return Condition(f"NOT {inner.sql}", inner.parameters) if inner.exact else _UNKNOWN
        case _:
            return _term(expression, shapes_of)


def _cheapest_first(operands: Iterable[Expression], shapes_of: ShapesOf) -> list[Condition]:
    """Return the conditions of operands: SQLite evaluates them in their order until one decides."""
    return sorted((condition(operand, shapes_of) for operand in operands), key=lambda part: part.sql.count("INSTR"))


def _term(expression: Expression, shapes_of: ShapesOf) -> Condition:
    match expression:
        case nodes.Flag(keyword):
            return _flag(expression, keyword, True, shapes_of)
        case nodes.Compare(keyword, operator, bool() as value):
            return _flag(expression, keyword, value is (operator == "="), shapes_of)
        case nodes.Compare(keyword, operator, value):
            return _compare(expression, keyword, operator, value, shapes_of)
        case nodes.Annotation(key, operator, value):
            return _annotation(key, operator, value)
        case nodes.Service() | nodes.Edge():
            return _of_parts(expression, _OF_NODE, shapes_of)
        case nodes.RootCause():
            return _of_parts(expression, _OF_CAUSE, shapes_of)
        case _:
            return _UNKNOWN


def joined_conditions(operator: str, conditions: Iterable[Condition]) -> Condition:
    """Return conditions joined by an operator of SQL."""
    parts = tuple(conditions)
    parameters = tuple(value for part in parts for value in part.parameters)
    return Condition(f"({operator.join(part.sql for part in parts)})", parameters, all(part.exact for part in parts))


def _in_shapes(expression: Expression, shapes_of: ShapesOf) -> Condition:
    return Condition(f"shape IN ({','.join(map(str, shapes_of(expression)))})")


def _flag(expression: Expression, keyword: str, wanted: bool, shapes_of: ShapesOf) -> Condition:
    if keyword in _FLAGS or keyword == "ok":
        is_set = _FLAGS.get(keyword, "NOT (fault OR error OR throttle)")
        return Condition(f"({is_set}) = {int(wanted)}")
    return _in_shapes(expression, shapes_of) if keyword in _OF_SHAPE else _UNKNOWN


def _compare(expression: Expression, keyword: str, operator: str, value: object, shapes_of: ShapesOf) -> Condition:
    if keyword in _NUMBERS and isinstance(value, int | float):
        return Condition(f"COALESCE({_NUMBERS[keyword]} {_SQL[operator]} ?, 0)", (value,))
    if keyword in _TEXTS and isinstance(value, str):
        return _text(_TEXTS[keyword], operator, value)
    if keyword == "user" and isinstance(value, str):
        return _line("users", '"', operator, value)
    return _in_shapes(expression, shapes_of) if keyword in _OF_SHAPE else _UNKNOWN


def _text(column: str, operator: str, value: str) -> Condition:
    if not value and operator in {"CONTAINS", "BEGINSWITH", "ENDSWITH"}:
        return Condition(f"{column} IS NOT NULL")
    match operator:
        case "CONTAINS":
            return Condition(f"COALESCE(INSTR({column}, ?), 0) > 0", (value,))
        case "BEGINSWITH":
            return Condition(f"COALESCE(SUBSTR({column}, 1, ?) = ?, 0)", (len(value), value))
        case "ENDSWITH":
            return Condition(f"COALESCE(SUBSTR({column}, ?) = ?, 0)", (-len(value), value))
    return Condition(f"COALESCE({column} {_SQL[operator]} ?, 0)", (value,))


def _annotation(key: str, operator: str | None, value: object) -> Condition:
    member = f"[{_json(key)},"
    if operator is None or value is None:
        start, false = f"\n{member}", f"\n{member}false]\n"
        other = "(INSTR(annotations, ?) = 0 OR INSTR(REPLACE(annotations, ?, CHAR(10)), ?) > 0)"
        return Condition(f"(INSTR(annotations, ?) > 0 AND {other})", (start, false, false, start))
    if isinstance(value, str):
        return _line("annotations", f'{member}"', operator, value, end="]")
    if isinstance(value, bool):
        equal, opposite = (_has("annotations", f"\n{member}{_json(flag)}]\n") for flag in (value, not value))
        if operator == "=":
            return equal
        return Condition(f"({opposite.sql} AND NOT {equal.sql})", opposite.parameters + equal.parameters)
    present = _has("annotations", f"\n{member}")
    found = Condition("HAS_NUMBER(annotations, ?, ?, ?)", (f"\n{member}", operator, json.dumps(value)))
    return joined_conditions(" AND ", [present, found])


def annotation_start(key: str) -> str:
    """Return what is before an annotation's value in the column of annotations; `]` and a newline are after it."""
    return f"\n[{_json(key)},"


def _line(column: str, start: str, operator: str, value: str, end: str = "") -> Condition:
    """Return the condition that a line holds a string with a property; `start` is what is before the string's text."""
    escaped = _json(value)[1:-1]
    whole = _has(column, f'\n{start}{escaped}"{end}\n')
    match operator:
        case "=":
            return whole
        case "!=":
            present = _has(column, f"\n{start}")
            return Condition(f"({present.sql} AND NOT {whole.sql})", present.parameters + whole.parameters)
        case "BEGINSWITH":
            return _has(column, f"\n{start}{escaped}")
    present = _has(column, f"\n{start}")
    if not value:
        return present
    within = _has(column, escaped if operator == "CONTAINS" else f'{escaped}"{end}\n')
    found = Condition(f"HAS_TEXT({column}, ?, ?, ?)", (start, operator == "CONTAINS", value))
    if column == "users":  # all of it is searched: what is found is part of a text unless it is part of an escape
        found = Condition(f"(INSTR(users, CHAR(92)) = 0 OR {found.sql})", found.parameters)
    return joined_conditions(" AND ", [within, present, found])  # few have the text


def _has(column: str, text: str) -> Condition:
    return Condition(f"(INSTR({column}, ?) > 0)", (text,))


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _of_parts(
    expression: nodes.Service | nodes.Edge | nodes.RootCause, of_shape: frozenset[str], shapes_of: ShapesOf
) -> Condition:
    if expression.inner is None or _is_of_shape(expression.inner, of_shape):
        return _in_shapes(expression, shapes_of)
    return replace(_in_shapes(replace(expression, inner=None), shapes_of), exact=False)


def _is_of_shape(inner: Expression, of_shape: frozenset[str]) -> bool:
    """Return whether an expression about a part of a trace depends on the shape of the trace only."""
    match inner:
        case nodes.Or(operands) | nodes.And(operands):
            return all(_is_of_shape(operand, of_shape) for operand in operands)
        case nodes.Not(operand):
            return _is_of_shape(operand, of_shape)
        case nodes.Flag(keyword) | nodes.Compare(keyword):
            return keyword in of_shape
        case _:
            return False
