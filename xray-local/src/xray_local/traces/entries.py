"""The segments, subsegments and spans of one trace as one flat list, each with its service. Pure.

Called by `summaries`, `causes` and `graph`, which all need to know what contains what.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xray_local.traces.documents import Document

REMOTE_NAMESPACES = ("remote", "aws")


@dataclass(slots=True)
class Entry:
    """A segment or subsegment; times are epoch seconds, `service` is the segment that contains it (or itself)."""

    id: str
    parent_id: str | None
    name: str
    start_time: float
    end_time: float | None
    body: Mapping[str, Any]
    is_segment: bool
    parent: "Entry | None" = None
    service: "Entry | None" = None
    children: "list[Entry]" = field(default_factory=list)

    @property
    def duration(self) -> float:
        """Seconds; 0 while it is in progress."""
        return max(0.0, (self.end_time or self.start_time) - self.start_time)

    @property
    def is_remote(self) -> bool:
        """Tell whether this is a call to another service."""
        return not self.is_segment and self.body.get("namespace") in REMOTE_NAMESPACES

    def flag(self, name: str) -> bool:
        """Tell whether error, fault or throttle is set."""
        return self.body.get(name) is True

    @property
    def exceptions(self) -> list[Mapping[str, Any]]:
        """The recorded exceptions; a cause that is only a reference to another entry's has none."""
        cause = self.body.get("cause")
        found = cause.get("exceptions") if isinstance(cause, Mapping) else None
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def object_of(body: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Give the object at a path of keys, or an empty one where a document has something else."""
    found: Any = body
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def entries(documents: Sequence[Document]) -> list[Entry]:
    """Flatten a trace's documents and link parents, children and services; a cycle is cut where it closes."""
    found: dict[str, Entry] = {}
    for document in documents:
        is_segment = document.body.get("type") != "subsegment"
        top = Entry(
            document.id,
            document.parent_id,
            document.name,
            document.start_time,
            document.end_time,
            document.body,
            is_segment,
        )
        for one in (top, *_nested(top)):
            found.setdefault(one.id, one)
    _link(found)
    return list(found.values())


def _nested(top: Entry) -> Iterator[Entry]:
    waiting = [(top.id, top.body, top)]
    while waiting:
        parent_id, body, near = waiting.pop()
        for child in _bodies(body.get("subsegments")):
            child_id = child.get("id")
            if not isinstance(child_id, str):
                continue
            start = _number(child.get("start_time"), near.start_time)
            end = _number(child.get("end_time"), None)
            entry = Entry(child_id, parent_id, str(child.get("name", "")), start or 0.0, end, child, is_segment=False)
            yield entry
            waiting.append((child_id, child, entry))


def _bodies(value: object) -> Iterable[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else ()


def _number(value: object, otherwise: float | None) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _link(found: Mapping[str, Entry]) -> None:
    for entry in found.values():
        parent = found.get(entry.parent_id or "")
        if parent is not None and not _closes_a_cycle(entry, parent):
            entry.parent = parent
            parent.children.append(entry)
    for entry in found.values():
        entry.service = _service(entry)


def _closes_a_cycle(entry: Entry, parent: Entry) -> bool:
    at: Entry | None = parent
    while at is not None:
        if at is entry:
            return True
        at = at.parent
    return False


def _service(entry: Entry) -> Entry | None:
    at: Entry | None = entry
    while at is not None and not at.is_segment:
        at = at.parent
    return at


def roots(found: Iterable[Entry]) -> list[Entry]:
    """Give the entries without a parent in the trace: true roots first, then by start."""
    return sorted(
        (entry for entry in found if entry.parent is None),
        key=lambda entry: (entry.parent_id is not None, entry.start_time),
    )
