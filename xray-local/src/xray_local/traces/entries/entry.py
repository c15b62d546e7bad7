"""One entry of a trace: a segment, a subsegment or a span, linked with the others. Pure."""

import math
from dataclasses import dataclass, field

from xray_local.traces.body import Body, Wire

REMOTE_NAMESPACES = ("remote", "aws")


@dataclass(slots=True, eq=False)
class Entry:
    """A segment, subsegment or span; `number` is its place in the order of arrival, times are epoch seconds.

    `wires` are those that it came by, `key` is the first of them with the id. `container` is the entry whose document
    it is nested in. `segment` is the segment that contains it, itself for a segment, None below a subsegment whose
    parent is missing. `cut` marks the root that a cycle was opened at.
    """

    number: int
    body: Body
    container: "Entry | None" = None
    id: str = ""
    wires: tuple[Wire, ...] = ("segments",)
    key: tuple[Wire, str] = ("segments", "")
    start: float = math.nan
    end: float | None = None
    cut: bool = False
    parent: "Entry | None" = None
    segment: "Entry | None" = None
    children: "list[Entry]" = field(default_factory=list)

    @property
    def parent_id(self) -> str | None:
        """The id of the parent, whether that was received or not."""
        return (self.container.id if self.container else self.body.text("parent_id")) or None

    @property
    def name(self) -> str:
        """The name in the document: for a segment that of the service."""
        return self.body.text("name") or ""

    @property
    def is_segment(self) -> bool:
        """Whether it is a segment, not a part of one."""
        return self.container is None and self.body.raw.get("type") != "subsegment"

    @property
    def is_remote(self) -> bool:
        """Whether it is a call to another service."""
        return not self.is_segment and self.body.text("namespace") in REMOTE_NAMESPACES

    @property
    def is_inferred(self) -> bool:
        """Whether it stands for a service that sent nothing: a call without a segment below it, or X-Ray's own segment.

        BatchGetTraces adds such segments; they come back when its answer is put again.
        """
        if self.is_segment:
            return self.body.raw.get("inferred") is True
        return self.is_remote and not any(child.is_segment for child in self.children)

    @property
    def is_orphan(self) -> bool:
        """Whether it names a parent that it does not have."""
        return self.parent is None and self.parent_id is not None

    @property
    def duration(self) -> float:
        """Seconds; 0 while it is in progress."""
        return 0.0 if self.end is None else max(0.0, self.end - self.start)

    @property
    def order(self) -> tuple[float, int]:
        """Its place among its siblings: by recorded start, then by arrival."""
        start = self.body.start
        return (math.inf if start is None else start), self.number
