"""An expected tree: only what it names is compared. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack


class Properties(TypedDict, total=False):
    """What else can be compared: properties of `Entry` by name."""

    status: int | None
    fault: bool
    error: bool
    throttle: bool
    wires: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Expected:
    """An expected segment, subsegment or span."""

    name: str
    children: tuple["Expected", ...]
    annotations: Mapping[str, Any]
    properties: Properties


def entry(
    name: str, *children: Expected, annotations: Mapping[str, Any] | None = None, **properties: Unpack[Properties]
) -> Expected:
    """Return an expected segment, subsegment or span with exactly these children, in any order.

    Of the annotations and the properties, such as `status=200`, `fault=True` or `wires=("segments", "otlp")`, those are
    compared that are named.
    """
    if unknown := sorted(set(properties) - set(Properties.__annotations__)):
        raise TypeError(f"entry: {unknown[0]!r}: expected one of {', '.join(Properties.__annotations__)}")
    return Expected(name, children, annotations or {}, properties)
