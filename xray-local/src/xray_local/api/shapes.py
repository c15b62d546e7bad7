"""The API as botocore's service model describes it: paths, and checks of requests against their shapes.

botocore's own client checks types, required members and minima; the service checks maxima, enums and patterns too, so
this does. Messages follow the service's validation errors.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape

API_VERSION = "2016-04-12"
TIMESTAMP_MAX = 1e15  # as epoch seconds far beyond any date; larger numbers overflow
_CONSTRAINTS = frozenset({"min", "max", "enum", "pattern"})


class ShapeError(ValueError):
    """A request that does not match its shape; the message is the service's validation error."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation's name, its path (every method is POST), and its input shape (None when it takes nothing)."""

    operation: str
    path: str
    input_shape: Shape | None


@cache
def model() -> ServiceModel:
    """Return the service model that botocore contains."""
    return ServiceModel(create_loader().load_service_model("xray", "service-2", API_VERSION), "xray")


def routes() -> Iterator[Route]:
    """Yield every operation of the model by name."""
    for name in sorted(model().operation_names):
        operation = model().operation_model(name)
        yield Route(name, operation.http["requestUri"], operation.input_shape)


def check(shape: Shape, value: Any) -> None:
    """Check a request's JSON against its shape; ShapeError names the first member that does not match."""
    _check(shape, value, "")


def _check(shape: Shape, value: Any, path: str) -> None:
    kind = shape.type_name
    if not _KINDS[kind](value):
        raise ShapeError(f"{path or 'request'}: {_short(repr(value))}: expected {_WORDS[kind]}")
    _check_constraints(shape, value, path)
    if kind == "structure":
        _check_members(shape, value, path)
    elif kind == "list":
        any_text = shape.member.type_name == "string" and not _CONSTRAINTS & shape.member.metadata.keys()
        for number, member in enumerate(value):
            if not (any_text and isinstance(member, str)):
                _check(shape.member, member, f"{path}.{number + 1}.member")
    elif kind == "map":
        for key, member in value.items():
            _check(shape.key, key, f"{path} key")
            _check(shape.value, member, f"{path}.{key}")


def _check_members(shape: Shape, value: dict[str, Any], path: str) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            raise _constraint(None, _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _check(member, value[name], _join(path, name))


def _check_constraints(shape: Shape, value: Any, path: str) -> None:
    facts = shape.metadata
    sized = isinstance(value, str | list | dict)
    size, word = (len(value), "length ") if sized else (value, "value ")
    if "min" in facts and size < facts["min"]:
        raise _constraint(value, path, f"Member must have {word}greater than or equal to {facts['min']}")
    if "max" in facts and size > facts["max"]:
        raise _constraint(value, path, f"Member must have {word}less than or equal to {facts['max']}")
    if "enum" in facts and value not in facts["enum"]:
        raise _constraint(value, path, f"Member must satisfy enum value set: [{', '.join(facts['enum'])}]")
    if "pattern" in facts and not re.fullmatch(facts["pattern"], value):
        raise _constraint(value, path, f"Member must satisfy regular expression pattern: {facts['pattern']}")


def _constraint(value: Any, path: str, text: str) -> ShapeError:
    shown = "null" if value is None else _short(value)
    problem = f"Value '{shown}' at '{path}' failed to satisfy constraint: {text}"
    return ShapeError(f"1 validation error detected: {problem}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


_KINDS: dict[str, Callable[[Any], bool]] = {
    "structure": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "long": _is_integer,
    "double": _is_number,
    "timestamp": lambda value: _is_number(value) and abs(value) < TIMESTAMP_MAX,
}
_WORDS = {
    "structure": "an object",
    "list": "a list",
    "map": "an object",
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "long": "a whole number",
    "double": "a number",
    "timestamp": "epoch seconds as a number",
}
