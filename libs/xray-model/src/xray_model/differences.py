"""Differences between what is desired and what AWS holds, field by field. Used by rules and groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One field (by the API's name) with its desired and its actual value; None where a side has none."""

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
