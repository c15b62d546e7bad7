"""The API as AWS's service model describes it: paths, and checks of requests against their shapes.

`model.json` has what is needed of the model; `python -m tools.xray_local_model` makes it of botocore's. botocore's own
client checks types, required members and minima; the service checks maxima, enums and patterns too, so this does.
Messages follow the service's validation errors.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import orjson

MODEL = "model.json"
TIMESTAMP_MAX = 1e15  # as epoch seconds far beyond any date; larger numbers overflow
CONSTRAINTS = frozenset({"min", "max", "enum", "pattern"})


class ShapeError(ValueError):
    """A request that does not match its shape; the message is the service's validation error."""


@dataclass(frozen=True)
class Shape:
    """One shape of the model; those of its members are looked up when they are needed, since they may be nested."""

    type_name: str
    metadata: Mapping[str, Any]
    required_members: tuple[str, ...]
    refers: Mapping[str, Any]

    @cached_property
    def members(self) -> dict[str, "Shape"]:
        """The shape of each member of a structure."""
        return {name: shape(member) for name, member in self.refers["members"].items()}

    @cached_property
    def member(self) -> "Shape":
        """The shape of a list's members."""
        return shape(self.refers["member"])

    @cached_property
    def key(self) -> "Shape":
        """The shape of a map's keys."""
        return shape(self.refers["key"])

    @cached_property
    def value(self) -> "Shape":
        """The shape of a map's values."""
        return shape(self.refers["value"])


@dataclass(frozen=True, slots=True)
class Route:
    """An operation's name, its path (every method is POST), and its shapes (None when it takes nothing)."""

    operation: str
    path: str
    input_shape: Shape | None
    output_shape: Shape


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = orjson.loads((files("xray_local.api") / MODEL).read_bytes())
    return model


@cache
def shape(name: str) -> Shape:
    """Return a shape by its name."""
    facts = _model()["shapes"][name]
    refers = {key: facts[key] for key in ("members", "member", "key", "value") if key in facts}
    metadata = {key: facts[key] for key in CONSTRAINTS & facts.keys()}
    return Shape(facts["type"], metadata, tuple(facts.get("required", ())), refers)


def route(operation: str) -> Route:
    """Return an operation by its name."""
    facts = _model()["operations"][operation]
    input_shape = shape(facts["input"]) if "input" in facts else None
    return Route(operation, facts["path"], input_shape, shape(facts["output"]))


def routes() -> Iterator[Route]:
    """Yield every operation of the model by name."""
    return map(route, sorted(_model()["operations"]))


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
        any_text = shape.member.type_name == "string" and not CONSTRAINTS & shape.member.metadata.keys()
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
