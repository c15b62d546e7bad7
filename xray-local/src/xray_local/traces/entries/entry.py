"""One entry of a trace: a segment, a subsegment or a span, linked with the others. Pure."""

import math
from dataclasses import dataclass, field

from xray_local.traces.body import Body, Wire, epoch_seconds

REMOTE_NAMESPACES = ("remote", "aws")


@dataclass(slots=True, eq=False)
class Entry:
    """A segment, subsegment or span; `number` is its place in the order of arrival, times are epoch seconds.

    `wires` are those that it came by, `key` is the first of them with the id. `container` is the entry whose document
    it is nested in. `segment` is the segment that contains it, itself for a segment, None below a subsegment whose
    parent is missing. `recorded_start` is None for one without a start time. `cut` marks the root that a cycle was
    opened at. `name` is that in the document, for a segment its service's; `is_segment` says whether it is a segment
    and not a part of one, `is_remote` whether it is a call to another service.
    """

    number: int
    body: Body
    container: "Entry | None" = None
    id: str = ""
    wires: tuple[Wire, ...] = ("segments",)
    key: tuple[Wire, str] = ("segments", "")
    start: float = math.nan
    end: float | None = field(init=False)
    recorded_start: float | None = field(init=False)
    cut: bool = False
    parent: "Entry | None" = None
    segment: "Entry | None" = None
    children: "list[Entry]" = field(default_factory=list)
    name: str = field(init=False)
    is_segment: bool = field(init=False)
    is_remote: bool = field(init=False)

    def __post_init__(self) -> None:
        self.read(self.body)

    def read(self, body: Body) -> None:
        """Take over a body: these members are read often."""
        raw = body.raw
        name = raw.get("name")
        self.body = body
        self.recorded_start, self.end = epoch_seconds(raw.get("start_time")), epoch_seconds(raw.get("end_time"))
        self.name = name if isinstance(name, str) else ""
        self.is_segment = self.container is None and raw.get("type") != "subsegment"
        self.is_remote = not self.is_segment and raw.get("namespace") in REMOTE_NAMESPACES

    @property
    def parent_id(self) -> str | None:
        """The id of the parent, whether that was received or not."""
        if self.container is not None:
            return self.container.id or None
        parent_id = self.body.raw.get("parent_id")
        return parent_id if parent_id and isinstance(parent_id, str) else None

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
        start = self.recorded_start
        return (math.inf if start is None else start), self.number
