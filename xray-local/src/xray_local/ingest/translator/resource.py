"""What a resource says about each of its segments: the name of the service, `origin`, `aws` and `service`. Pure."""

from collections.abc import Mapping
from typing import Any

from xray_model.segments import resource as rules

Attributes = Mapping[str, Any]


def service_name(resource: Attributes) -> str:
    """Return the name of the service, as OpenTelemetry gives it to one without a name."""
    return str(resource.get("service.name") or "unknown_service")


def segment_fields(resource: Attributes) -> dict[str, Any]:
    """Return the fields of a segment that only the resource decides."""
    version = rules.service_version(resource)
    fields = {
        "origin": rules.origin(resource),
        "service": {"version": str(version)} if version else None,
        "aws": rules.hosts(resource) | {"xray": rules.sdk(resource)},
    }
    return {name: value for name, value in fields.items() if value}
