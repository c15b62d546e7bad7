"""Traces as trees that can be compared: by another wire, or before and after a change. Pure."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from xray_local.traces.body import Body
from xray_local.traces.entries import Entry, flatten

Documents = Iterable[Mapping[str, Any]]
SAME = "  "  # what a line of a diff begins with if both trees have it


def ids(documents: Documents) -> set[str]:
    """Return the ids of all entries, those that are nested in a document as well."""
    return {entry.id for entry in flatten(documents).entries}


def rows(documents: Documents) -> list[str]:
    """Return a line for each entry, children below their parent by their start: its name and annotations.

    What differs from trace to trace is left out: ids, times, and the values of annotations that are times.
    """
    return list(_rows([entry for entry in flatten(documents).entries if entry.parent is None], 0))


def diff(before: Documents, after: Documents) -> list[str]:
    """Return the lines of both trees, each once; those of only one of them begin with - or +."""
    return list(difflib.ndiff(rows(before), rows(after)))


def _rows(entries: Iterable[Entry], depth: int) -> Iterator[str]:
    for entry in sorted(entries, key=lambda entry: entry.order):
        written = (f"{key}={_shown(value)}" for key, value in sorted(_annotations(entry.body).items()))
        yield " ".join(["    " * depth + entry.name, *written])
        yield from _rows(entry.children, depth + 1)


def _annotations(body: Body) -> dict[str, Any]:
    """Return the annotations without those that repeat a span's attributes: xray-local lets them be searched."""
    attributes = Body(body.otel).object("attributes")
    return {key: value for key, value in body.annotations.items() if key not in attributes}


def _shown(value: object) -> object:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return value
    return "(time)"
