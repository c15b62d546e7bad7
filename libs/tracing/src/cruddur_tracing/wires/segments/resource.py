"""What a resource adds to each segment of its process: `origin`, `aws`, `service` and metadata `otel.resource.*`.

The rules are those of the collector's awsxray exporter; `service` has the runtime too, as the X-Ray SDK writes it.
"""

import platform
from collections.abc import Mapping
from typing import Any, Final

from cruddur_tracing.recording.values import Writer, quote, safe_text
from cruddur_tracing.wires.segments.calls import checked_aws
from xray_model.segments import resource as rules

_ROOM: Final = 8_000  # characters of one field
_RULES_MAX: Final = 100

Attributes = Mapping[str, Any]


class SegmentConstants:
    """The fields that all segments of a resource have. `origin` and `aws` are what X-Ray's plugins found.

    `metadata` is the inside of a JSON object: the entries of the namespace `default`.
    """

    __slots__ = ("_texts", "aws", "metadata", "origin", "service")

    def __init__(self, attributes: Attributes, origin: str | None = None, aws: Attributes | None = None) -> None:
        writer = Writer()
        self.origin = origin or rules.origin(attributes)
        self.aws = checked_aws(rules.hosts(attributes) | {"xray": rules.sdk(attributes)} | dict(aws or {}))
        self.service = writer.text(_service(attributes), _ROOM, "service")
        described = {f"otel.resource.{key}": value for key, value in attributes.items()}
        self.metadata = writer.text(described, _ROOM, "metadata")[1:-1]
        self._texts: dict[str | None, str] = {}

    def text(self, rule: str | None) -> str:
        """Return `aws`, `service` and `origin` of a segment that the sampling rule decided, as fields of JSON text."""
        text = self._texts.get(rule)
        if text is None:
            text = f'"aws":{Writer().text(self.aws_of(rule), _ROOM, "aws")},"service":{self.service}'
            if self.origin:
                text += f',"origin":{quote(safe_text(self.origin))}'
            if len(self._texts) >= _RULES_MAX:
                self._texts.clear()
            self._texts[rule] = text
        return text

    def aws_of(self, rule: str | None) -> dict[str, Any]:
        """Return the `aws` block of a segment that the sampling rule decided."""
        if rule is None:
            return self.aws
        return self.aws | {"xray": dict(self.aws.get("xray", {})) | {"sampling_rule_name": rule}}


def _service(resource: Attributes) -> dict[str, Any]:
    version = rules.service_version(resource)
    runtime = {"runtime": platform.python_implementation(), "runtime_version": platform.python_version()}
    return runtime | ({"version": safe_text(version)} if version else {})
