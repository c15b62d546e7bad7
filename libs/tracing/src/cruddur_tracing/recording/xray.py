"""What X-Ray's API writes to a span beyond OpenTelemetry's attributes."""

from functools import lru_cache
from typing import Any, Final

from cruddur_tracing.recording.values import safe_text
from xray_model.segments import names
from xray_model.segments.names import NAME_MAX

DEFAULT_NAMESPACE: Final = "default"


def valid_name(name: Any) -> str:
    """Return a name that X-Ray takes, for whatever an app calls a span."""
    return _valid(name) if type(name) is str and len(name) <= NAME_MAX else _valid(safe_text(name)[: 5 * NAME_MAX])


_valid = lru_cache(maxsize=1024)(names.valid_name)


class XRayData:
    """The X-Ray side of a span, in the shapes of a segment document.

    Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    `namespace` is `aws`, `remote` or None; `http` has `request` and `response`; `service` is what `set_service` was
    called with, on a segment; `cause_id` names an exception that a subsegment recorded first; flags are None unless
    they were set.
    """

    __slots__ = (
        "annotations",
        "aws",
        "cause_id",
        "error",
        "fault",
        "http",
        "metadata",
        "namespace",
        "origin",
        "precursor_ids",
        "service",
        "sql",
        "throttle",
        "user",
    )

    def __init__(self) -> None:
        self.annotations: dict[str, str | int | float | bool] = {}
        self.metadata: dict[str, dict[str, Any]] = {}
        self.http: dict[str, dict[str, Any]] = {}
        self.aws: dict[str, Any] = {}
        self.service: dict[str, Any] = {}
        self.sql: dict[str, Any] = {}
        self.namespace: str | None = None
        self.user: str | None = None
        self.origin: str | None = None
        self.cause_id: str | None = None
        self.precursor_ids: list[str] = []
        self.fault: bool | None = None
        self.error: bool | None = None
        self.throttle: bool | None = None
