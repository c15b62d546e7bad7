"""Differences between the desired and the actual state, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A field (by its API name) with its desired and actual value; None where a side lacks it."""

    field: str
    desired: object
    actual: object

    def __str__(self) -> str:
        return f"{self.field}: {self.actual!r} -> {self.desired!r}"


def compare(desired: Mapping[str, Any], actual: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Compare two API shapes over the fields of both, in the order of `desired`."""
    names = [*desired, *(name for name in actual if name not in desired)]
    return tuple(
        Difference(name, desired.get(name), actual.get(name)) for name in names if desired.get(name) != actual.get(name)
    )
