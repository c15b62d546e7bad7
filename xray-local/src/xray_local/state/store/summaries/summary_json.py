"""Trace summaries as the JSON text that the store keeps: the dataclasses' fields by name."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import orjson

from xray_local.traces.summaries import TraceSummary


def dump(summary: TraceSummary) -> bytes:
    """Return a summary as JSON."""
    return orjson.dumps(summary)


def load(text: bytes) -> TraceSummary:
    """Return the summary that was dumped as this JSON."""
    summary: TraceSummary = _decoder(TraceSummary)(orjson.loads(text))
    return summary


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """Return the function that makes a value of a type from its JSON."""
    if get_origin(kind) is tuple:
        member = _decoder(get_args(kind)[0])
        return lambda values: tuple(map(member, values))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    if member := _optional(kind):
        decode = _dataclass_decoder(member)
        return lambda value: None if value is None else decode(value)
    return lambda value: value


def _optional(kind: Any) -> Any:
    """Return the dataclass of `Dataclass | None`, None for any other type."""
    members = get_args(kind) if get_origin(kind) is UnionType else ()
    return next((member for member in members if is_dataclass(member)), None)


def _dataclass_decoder(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    nested = {
        field.name: _decoder(hints[field.name])
        for field in fields(kind)
        if get_origin(hint := hints[field.name]) is tuple or is_dataclass(hint) or _optional(hint)
    }

    def decode(values: dict[str, Any]) -> Any:
        return kind(**values | {name: decoder(values[name]) for name, decoder in nested.items()})

    return decode
