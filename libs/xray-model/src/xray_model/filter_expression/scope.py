"""A keyword's values: for a whole trace, and for a service, an edge or a part of a root cause."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Node: TypeAlias = Mapping[str, Any]


class TraceFacts(NamedTuple):
    """A trace as expressions see it.

    `summary` is a TraceSummary shape, `services` and `edges` map keywords to values (an edge has a `source` and a
    `target` among `services`), `groups` are the Group shapes of the groups that the trace belongs to.
    """

    summary: Mapping[str, Any]
    services: Sequence[Node] = ()
    edges: Sequence[Node] = ()
    groups: Sequence[Mapping[str, Any]] = ()


Subject: TypeAlias = TraceFacts | Node

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


def values(subject: Subject, keyword: str) -> list[Any]:
    """Return a keyword's values for a whole trace, for a service, an edge, or a part of a root cause."""
    return _of_trace(subject, keyword) if isinstance(subject, TraceFacts) else _of_node(subject, keyword)


def _of_trace(trace: TraceFacts, keyword: str) -> list[Any]:
    summary = trace.summary
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
        return [member[field] for member in summary.get(key, ()) if field in member]
    if keyword == "message":
        return _messages(summary)
    return [value for service in trace.services for value in _of_node(service, keyword)]


def _of_node(node: Node, keyword: str) -> list[Any]:
    if keyword.startswith("http."):
        http = node.get("http") or {}
        return _present(http.get(keyword.removeprefix("http.")))
    found = node.get(keyword.replace(".", "_"))
    if found is None:
        found = node.get(keyword.capitalize())
    return list(found) if isinstance(found, list | tuple) else _present(found)


def annotations(subject: Subject, key: str) -> list[Any]:
    """Return the values of an annotation in a whole trace, or in a node."""
    if isinstance(subject, TraceFacts):
        members = (subject.summary.get("Annotations") or {}).get(key, ())
        return [value for member in members for value in member.get("AnnotationValue", {}).values()]
    found = (subject.get("annotations") or {}).get(key)
    return list(found) if isinstance(found, list | tuple) else _present(found)


def _messages(summary: Mapping[str, Any]) -> list[Any]:
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
