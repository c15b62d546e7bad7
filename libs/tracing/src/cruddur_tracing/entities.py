"""Makes the X-Ray SDK's segments for less work than `begin_segment`. `segments` calls it, once for each request."""

import copy
from typing import Any, Final

from aws_xray_sdk.core.models.dummy_entities import DummySegment
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.recorder import SERVICE_INFO
from aws_xray_sdk.core.utils.atomic_counter import AtomicCounter

NO_ID: Final = "0000000000000000"


def sampled_segment(recorder: Any, name: str, trace_id: str | None, parent_id: str | None, rule: str | None) -> Segment:
    """Return a segment that is recorded, as `recorder.begin_segment` makes it; it is not yet the current one."""
    segment = Segment(name=name, traceid=trace_id, parent_id=parent_id)
    if recorder._origin:
        segment.origin = recorder._origin
    # One level is enough: only the rule's name is ever added, below "xray".
    segment.aws = {key: copy.copy(value) for key, value in recorder._aws_metadata.items()}
    segment.service = SERVICE_INFO
    if rule is not None:
        segment.set_rule_name(rule)
    return segment


class QuietSegments:
    """Makes segments that record nothing, each from the same first one."""

    def __init__(self, name: str) -> None:
        self._first = DummySegment(name)

    def make(self, name: str, trace_id: str | None) -> Segment:
        """Return a segment that takes subsegments and forgets them."""
        if name != self._first.name or self._first.id != NO_ID:  # AWS_XRAY_NOOP_ID=false: each has an id of its own
            segment = DummySegment(name)
        else:
            segment = DummySegment.__new__(DummySegment)
            segment.__dict__ = self._first.__dict__ | {
                "subsegments": [],
                "ref_counter": AtomicCounter(),
                "_subsegments_counter": AtomicCounter(),
            }
        if trace_id is not None:
            segment.trace_id = trace_id
        return segment
