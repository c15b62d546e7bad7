"""What a keyword means for a trace, and what it means for a service or an edge: a list of candidate values.

Called by the evaluator alone.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Subject: TypeAlias = Mapping[str, Any]
Lookup: TypeAlias = Callable[[Subject, str], list[Any]]

_HTTP = {
    "http.url": "HttpURL",
    "http.status": "HttpStatus",
    "http.method": "HttpMethod",
    "http.useragent": "UserAgent",
    "http.clientip": "ClientIp",
}
_FLAGS = {"error": "HasError", "fault": "HasFault", "throttle": "HasThrottle", "partial": "IsPartial"}
_LISTS = {
    "user": ("Users", "UserName"),
    "name": ("ServiceIds", "Name"),
    "type": ("ServiceIds", "Type"),
    "availabilityzone": ("AvailabilityZones", "Name"),
    "instance.id": ("InstanceIds", "Id"),
    "resource.arn": ("ResourceARNs", "ARN"),
}
_ROOT_CAUSES = ("FaultRootCauses", "ErrorRootCauses", "ResponseTimeRootCauses")


def of_trace(summary: Subject, keyword: str) -> list[Any]:
    """Give a keyword's values for a whole trace."""
    if keyword in _HTTP:
        return _present(summary.get("Http", {}).get(_HTTP[keyword]))
    if keyword in _FLAGS:
        return [bool(summary.get(_FLAGS[keyword], False))]
    if keyword == "ok":
        return [not any(summary.get(_FLAGS[flag], False) for flag in ("error", "fault", "throttle"))]
    if keyword in {"duration", "responsetime"}:
        return _present(summary.get("Duration" if keyword == "duration" else "ResponseTime"))
    if keyword in _LISTS:
        key, field = _LISTS[keyword]
        return [one[field] for one in summary.get(key, ()) if field in one]
    if keyword == "message":
        return _messages(summary)
    return [value for service in summary.get("_services", ()) for value in of_node(service, keyword)]


def of_node(node: Subject, keyword: str) -> list[Any]:
    """Give a keyword's values for a service, an edge, or a part of a root cause."""
    if keyword.startswith("http."):
        http = node.get("http") or {}
        return _present(http.get(keyword.removeprefix("http.")))
    found = node.get(keyword.replace(".", "_"))
    if found is None:
        found = node.get(keyword.capitalize())
    return list(found) if isinstance(found, list | tuple) else _present(found)


def annotations(subject: Subject, key: str) -> list[Any]:
    """Give the values of an annotation: of the trace's summary, or of a node's own."""
    if "Annotations" in subject:
        return [
            value for one in subject["Annotations"].get(key, ()) for value in one.get("AnnotationValue", {}).values()
        ]
    found = (subject.get("annotations") or {}).get(key)
    return list(found) if isinstance(found, list | tuple) else _present(found)


def _messages(summary: Subject) -> list[Any]:
    return [
        exception["Message"]
        for key in _ROOT_CAUSES
        for cause in summary.get(key, ())
        for service in cause.get("Services", ())
        for entity in service.get("EntityPath", ())
        for exception in entity.get("Exceptions", ())
        if "Message" in exception
    ]


def _present(value: Any) -> list[Any]:
    return [] if value is None else [value]
