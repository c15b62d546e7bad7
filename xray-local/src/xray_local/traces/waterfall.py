"""The waterfall of one trace: its documents as rows, in the order in which a reader sees them.

`views` calls it for the page and its JSON. It works on the documents' bodies alone, reads no store, no clock and no
network, and never fails on a document: a loop of parents, a missing parent, a repeated id, an absent or skewed time
become notes on the row. Nothing here recurses, so a chain of ten thousand spans is only a long list.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Recorder = Literal["xray", "otel"]

SKEW_SECONDS = 0.001
"""How much earlier than its parent a row may start before it is called skewed: two recorders read two clocks."""

LATEST_TIME = 1e11
"""Epoch seconds above this (year 5138) are no time; it keeps every difference finite."""


@dataclass(frozen=True, slots=True)
class Row:
    """One segment, subsegment or span.

    `start` and `end` are epoch seconds, `end` is None while it is in progress; `depth` is 0 for a root;
    `children` counts the direct ones; `notes` say in words what is odd about its place in the tree.
    `body` is the X-Ray document, or the part of it that describes a nested subsegment.
    """

    id: str
    parent_id: str | None
    name: str
    recorder: Recorder
    kind: str
    depth: int
    children: int
    start: float
    end: float | None
    notes: tuple[str, ...]
    body: Mapping[str, Any]

    @property
    def duration(self) -> float | None:
        """Seconds, never negative; None while in progress."""
        return None if self.end is None else max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All rows of a trace and the time from the first start to the last end, in epoch seconds."""

    rows: tuple[Row, ...]
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds from the first start to the last end."""
        return self.end - self.start

    def below(self, row_id: str) -> "Waterfall | None":
        """The row of that id and what is nested in it, with the time they take; None when there is no such row."""
        first = next((index for index, row in enumerate(self.rows) if row.id == row_id), None)
        if first is None:
            return None
        depth = self.rows[first].depth
        last = first + 1
        while last < len(self.rows) and self.rows[last].depth > depth:
            last += 1
        return _framed(self.rows[first:last])


@dataclass(slots=True)
class _Node:
    """A document before it has a place: `holder` is the node whose body it came from."""

    body: Mapping[str, Any]
    id: str
    holder: "_Node | None"
    recorder: Recorder
    parent: "_Node | None" = None
    children: list["_Node"] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    start: float | None = None
    end: float | None = None
    depth: int = -1

    @property
    def order(self) -> float:
        return math.inf if self.start is None else self.start


def waterfall(bodies: Iterable[Mapping[str, Any]]) -> Waterfall:
    """Nest the documents of one trace by `parent_id` and `subsegments`; siblings by start, then as they came."""
    nodes = _without_drafts([_node(body, None) for body in bodies])
    nodes = _unfolded(nodes)
    _link(nodes)
    return _framed([_row(node) for node in _ordered(nodes)])


def is_span(body: Mapping[str, Any]) -> bool:
    """Tell an OpenTelemetry span from an X-Ray document: `spans` puts what it was under `metadata.otel`."""
    metadata = body.get("metadata")
    return isinstance(metadata, Mapping) and isinstance(metadata.get("otel"), Mapping)


def _node(body: Mapping[str, Any], holder: _Node | None) -> _Node:
    """A segment's nested subsegments were made by the recorder that made the segment."""
    recorder: Recorder = "otel" if is_span(body) else "xray"
    if holder is not None:
        recorder = holder.recorder
    start = _time(body.get("start_time"))
    end = None if body.get("in_progress") is True else _time(body.get("end_time"))
    return _Node(body=body, id=_text(body.get("id")), holder=holder, recorder=recorder, start=start, end=end)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= LATEST_TIME else None


def _without_drafts(nodes: list[_Node]) -> list[_Node]:
    """Drop a document in progress when the finished one of the same id has arrived."""
    finished = {node.id for node in nodes if node.end is not None}
    return [node for node in nodes if node.end is not None or node.id not in finished]


def _unfolded(nodes: Sequence[_Node]) -> list[_Node]:
    """The documents and, after each, the subsegments nested in it at any depth."""
    result: list[_Node] = []
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        result.append(node)
        nested = node.body.get("subsegments")
        if isinstance(nested, list):
            waiting.extend(_node(body, node) for body in reversed(nested) if isinstance(body, Mapping))
    return result


def _link(nodes: Sequence[_Node]) -> None:
    """Give every node its parent; a nested one belongs to its holder whatever `parent_id` it carries."""
    first: dict[str, _Node] = {}
    for node in nodes:
        if node.id and first.setdefault(node.id, node) is not node:
            node.notes.append(f"id {node.id} is recorded more than once")
    for node in nodes:
        node.parent = node.holder or _named_parent(node, first)
        if node.parent is not None:
            node.parent.children.append(node)


def _named_parent(node: _Node, first: Mapping[str, _Node]) -> _Node | None:
    parent_id = _text(node.body.get("parent_id"))
    if not parent_id:
        return None
    parent = first.get(parent_id)
    if parent is None:
        node.notes.append(f"its parent {parent_id} is not in this trace")
        return None
    if parent is node:
        node.notes.append("it names itself as its parent")
        return None
    return parent


def _ordered(nodes: Sequence[_Node]) -> list[_Node]:
    """Depth first from the roots; a loop of parents is entered at its earliest node."""
    result: list[_Node] = []
    for node in sorted((node for node in nodes if node.parent is None), key=lambda node: node.order):
        _walk(node, result)
    if len(result) < len(nodes):
        for node in sorted((node for node in nodes if node.depth < 0), key=lambda node: node.order):
            if node.depth < 0:
                node.notes.append("its parents form a loop, so it is shown as a root")
                _walk(node, result)
    return result


def _walk(root: _Node, result: list[_Node]) -> None:
    """Append the root and everything below it that has no place yet."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node.depth >= 0:
            continue
        node.depth = depth
        _settle_times(node)
        result.append(node)
        children = sorted(node.children, key=lambda child: child.order)
        waiting.extend((child, depth + 1) for child in reversed(children))


def _settle_times(node: _Node) -> None:
    """Fill an absent start from the parent and say what the clocks did; recorded times are never moved."""
    parent_start = node.parent.start if node.parent is not None and node.depth > 0 else None
    if node.start is None:
        node.notes.append("it has no start time")
        node.start = parent_start
    elif parent_start is not None and parent_start - node.start > SKEW_SECONDS:
        early = (parent_start - node.start) * 1000
        node.notes.append(f"it starts {early:.3g} ms before its parent (clock skew?)")
    if node.end is not None and node.start is not None and node.end < node.start:
        node.notes.append("it ends before it starts")


def _row(node: _Node) -> Row:
    start = node.start if node.start is not None else node.end
    parent_id = node.holder.id if node.holder is not None else _text(node.body.get("parent_id"))
    return Row(
        id=node.id,
        parent_id=parent_id or None,
        name=_name(node),
        recorder=node.recorder,
        kind=_kind(node),
        depth=node.depth,
        children=sum(1 for child in node.children if child.depth == node.depth + 1),
        start=math.nan if start is None else start,
        end=node.end,
        notes=tuple(node.notes),
        body=node.body,
    )


def _name(node: _Node) -> str:
    """A span's own name: as a document, a server span is named by its service, like the segment beside it."""
    own = _text(node.body["metadata"]["otel"].get("name")) if is_span(node.body) else ""
    return own or _text(node.body.get("name"))


def _kind(node: _Node) -> str:
    """What the recorder calls it: an X-Ray segment or (remote, aws) subsegment, or a span's kind."""
    if node.recorder == "otel" and is_span(node.body):
        kind = node.body["metadata"]["otel"].get("kind")
        name = kind.removeprefix("SPAN_KIND_").lower() if isinstance(kind, str) else ""
        return f"{name} span" if name and name != "unspecified" else "span"
    if node.holder is None and node.body.get("type") != "subsegment":
        return "segment"
    namespace = node.body.get("namespace")
    return f"{namespace} subsegment" if namespace in ("aws", "remote") else "subsegment"


def _framed(rows: Sequence[Row]) -> Waterfall:
    """Put the rows on their common time axis; a row without any time stands at its beginning."""
    starts = [row.start for row in rows if not math.isnan(row.start)]
    start = min(starts, default=0.0)
    end = max([row.end for row in rows if row.end is not None] + starts, default=start)
    placed = tuple(replace(row, start=start) if math.isnan(row.start) else row for row in rows)
    return Waterfall(rows=placed, start=start, end=max(start, end))
