"""Reads charts/cruddur/values.yaml with its comments: each value with its path, default and description.

A key under a `# --` comment is a value of the user's; one without is a group of them. The schema and the README of the
chart are made from what is read here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts/cruddur"
MARK = "# -- "


class ValuesError(ValueError):
    """A value without a description, or a comment in the wrong place; the text names it."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: `backend.image.tag`, its default, and what it is for."""

    path: str
    default: Any
    description: str


def read(chart: Path = CHART) -> tuple[Value, ...]:
    """Return the values in the order of the file. Raises ValuesError."""
    text = (chart / "values.yaml").read_text()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValuesError(f"{chart}/values.yaml: expected a mapping")
    return tuple(_values(root, "", text.splitlines(), yaml.safe_load(text)))


def _values(node: yaml.MappingNode, parent: str, lines: list[str], loaded: dict[str, Any]) -> Iterator[Value]:
    for key, value in node.value:
        path = f"{parent}{key.value}"
        above = lines[key.start_mark.line - 1].strip()
        if above.startswith(MARK):
            yield Value(path, loaded[key.value], above.removeprefix(MARK))
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _values(value, f"{path}.", lines, loaded[key.value])
        else:
            raise ValuesError(f"values.yaml: {path} has no description, expected a line '{MARK}...' above it")
