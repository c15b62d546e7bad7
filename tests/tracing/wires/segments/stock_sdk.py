"""The scenarios with the stock SDK, in a process of its own."""

import json
import sys
from typing import Any

from tests.tracing.wires.segments.sdk_scenarios import EC2, ORIGIN, PARENT, RULE, SCENARIOS


class StockApi:
    """The stock SDK."""

    def __init__(self) -> None:
        from aws_xray_sdk.core import xray_recorder

        self.recorder: Any = xray_recorder
        self.recorder.configure(emitter=self, sampling=False, context_missing="RUNTIME_ERROR")
        self.recorder._aws_metadata["ec2"] = EC2  # what EC2Plugin writes, which asks a host that is not there
        self.recorder._origin = ORIGIN
        self.sent: list[str] = []

    def send_entity(self, entity: Any) -> None:
        """Take what the recorder sends."""
        self.sent.append(entity.serialize())

    def begin_segment(self, name: str) -> None:
        """Begin a segment."""
        self.recorder.begin_segment(name, parent_id=PARENT, sampling=RULE)

    def begin_subsegment(self, name: str, namespace: str = "local") -> None:
        """Begin a subsegment."""
        self.recorder.begin_subsegment(name, namespace)

    def end(self) -> None:
        """End what was begun last."""
        if self.recorder.current_subsegment() is None:
            self.recorder.end_segment()
        else:
            self.recorder.end_subsegment()

    @property
    def entity(self) -> Any:
        """Return what was begun last."""
        return self.recorder.get_trace_entity()

    def annotate(self, key: str, value: Any) -> None:
        """Annotate it."""
        self.recorder.put_annotation(key, value)

    def add_metadata(self, key: Any, value: Any, namespace: str = "default") -> None:
        """Add metadata to it."""
        self.recorder.put_metadata(key, value, namespace)

    def http(self, key: str, value: Any) -> None:
        """Describe its request or response."""
        self.entity.put_http_meta(key, value)

    def user(self, name: str) -> None:
        """Name its user."""
        self.entity.set_user(name)

    def aws(self, values: dict[str, Any]) -> None:
        """Describe its call to AWS."""
        self.entity.set_aws(values)

    def sql(self, values: dict[str, Any]) -> None:
        """Describe its query."""
        self.entity.set_sql(values)

    def field(self, name: str, value: Any) -> None:
        """Assign a field."""
        setattr(self.entity, name, value)

    def exception(self, error: BaseException, stack: Any, remote: bool = False) -> None:
        """Record an exception."""
        self.entity.add_exception(error, stack, remote)


def main() -> None:
    """Print what the stock SDK sends."""
    api = StockApi()
    found = {}
    for scenario in SCENARIOS:
        scenario(api)
        found[scenario.__name__] = [json.loads(document) for document in api.sent]
        api.sent.clear()
    sys.stdout.write(json.dumps(found))
