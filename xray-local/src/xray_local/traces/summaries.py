"""The summary of one trace: GetTraceSummaries' shape, and what filters need beside it. Pure.

`HasFault` and `HasError` are the root's, `HasThrottle` any segment's, as the API reference defines them. `_services`
has one node for each segment and for each call to a service that sent none; `_edges` the connections between them.
Called by the store's readers; the private keys never leave the process.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from xray_local.traces import root_causes
from xray_local.traces.documents import Document
from xray_local.traces.entries import Entry, entries, object_of, roots

FLAGS = ("error", "fault", "throttle")
STATUS_MAX = 2**31 - 1  # what a client's integer can hold


def summarize(trace_id: str, documents: Sequence[Document], account_id: str = "000000000000") -> dict[str, Any]:
    """Give the summary of a trace that has one document at least."""
    found = entries(documents)
    root = next((entry for entry in roots(found) if entry.is_segment), roots(found)[0])
    start = min(entry.start_time for entry in found)
    end = max(entry.end_time or entry.start_time for entry in found)
    nodes, edges = _graph(found, root, account_id)
    return {
        "Id": trace_id,
        "StartTime": start,
        "Duration": round(end - start, 6),
        "ResponseTime": round(root.duration, 6),
        "HasFault": root.flag("fault"),
        "HasError": root.flag("error"),
        "HasThrottle": any(entry.flag("throttle") for entry in found),
        "IsPartial": any(entry.end_time is None or (entry.parent_id and not entry.parent) for entry in found[1:])
        or root.end_time is None,
        "Http": _summary_http(root, found),
        "Annotations": _annotations(found, account_id),
        "Users": _users(found, account_id),
        "ServiceIds": _unique([_service_id(entry, account_id) for entry in found if entry.is_segment]),
        "ResourceARNs": _unique([{"ARN": arn} for arn in _values(found, "resource_arn")]),
        "InstanceIds": _unique([{"Id": one} for one in _aws_values(found, "ec2", "instance_id")]),
        "AvailabilityZones": _unique([{"Name": one} for one in _aws_values(found, "ec2", "availability_zone")]),
        "EntryPoint": _service_id(root.service or root, account_id),
        "FaultRootCauses": root_causes.failing(found, "fault", account_id),
        "ErrorRootCauses": root_causes.failing(found, "error", account_id),
        "ResponseTimeRootCauses": root_causes.slow(root, account_id),
        "Revision": len(documents),
        "MatchedEventTime": start,
        "_services": nodes,
        "_edges": edges,
    }


def _service_id(entry: Entry, account_id: str) -> dict[str, Any]:
    identity = {"Name": entry.name, "Names": [entry.name], "AccountId": account_id}
    origin = entry.body.get("origin")
    return identity | ({"Type": origin} if isinstance(origin, str) else {})


def _unique(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return seen


def _summary_http(root: Entry, found: Sequence[Entry]) -> dict[str, Any]:
    for entry in (root, *(one for one in found if one.is_segment)):
        http = _http(entry)
        if http:
            names = {
                "url": "HttpURL",
                "status": "HttpStatus",
                "method": "HttpMethod",
                "useragent": "UserAgent",
                "clientip": "ClientIp",
            }
            return {names[name]: value for name, value in http.items()}
    return {}


def _http(entry: Entry) -> dict[str, Any]:
    request, response = object_of(entry.body, "http", "request"), object_of(entry.body, "http", "response")
    texts = {
        "url": request.get("url"),
        "method": request.get("method"),
        "useragent": request.get("user_agent"),
        "clientip": request.get("client_ip"),
    }
    http: dict[str, Any] = {name: value for name, value in texts.items() if isinstance(value, str)}
    status = response.get("status")
    is_status = isinstance(status, int) and not isinstance(status, bool) and 0 <= status <= STATUS_MAX
    return http | ({"status": status} if is_status else {})


def _annotations(found: Sequence[Entry], account_id: str) -> dict[str, Any]:
    values: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in found:
        service = _service_id(entry.service or entry, account_id)
        for key, value in object_of(entry.body, "annotations").items():
            kind = _annotation_kind(value)
            if kind is None:
                continue
            given = {kind: value}
            same = next((one for one in values[key] if one["AnnotationValue"] == given), None)
            if same is None:
                values[key].append({"AnnotationValue": given, "ServiceIds": [service]})
            elif service not in same["ServiceIds"]:
                same["ServiceIds"].append(service)
    return dict(values)


def _annotation_kind(value: object) -> str | None:
    if isinstance(value, bool):
        return "BooleanValue"
    if isinstance(value, int | float):
        return "NumberValue"
    return "StringValue" if isinstance(value, str) else None


def _users(found: Sequence[Entry], account_id: str) -> list[dict[str, Any]]:
    services: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in found:
        user = entry.body.get("user")
        if isinstance(user, str):
            services[user].append(_service_id(entry.service or entry, account_id))
    return [{"UserName": user, "ServiceIds": _unique(ids)} for user, ids in services.items()]


def _values(found: Sequence[Entry], key: str) -> list[str]:
    return [entry.body[key] for entry in found if isinstance(entry.body.get(key), str)]


def _aws_values(found: Sequence[Entry], part: str, key: str) -> list[str]:
    return [value for entry in found if isinstance(value := object_of(entry.body, "aws", part).get(key), str)]


def _graph(found: Sequence[Entry], root: Entry, account_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    nodes = {entry.id: _node(entry, root, account_id) for entry in found if entry.is_segment}
    edges = (
        [_edge({"Name": "client", "Names": ["client"], "Type": "client"}, nodes[root.id])] if root.is_segment else []
    )
    for entry in found:
        if not entry.is_segment and entry.is_remote and not any(child.is_segment for child in entry.children):
            nodes[entry.id] = _node(entry, root, account_id) | {"inferred": True, "Type": _inferred_type(entry)}
    for entry in found:
        caller = entry.parent.service if entry.parent else None
        if entry.id in nodes and caller is not None and caller.id in nodes and caller.id != entry.id:
            edges.append(_edge(nodes[caller.id], nodes[entry.id]))
    return list(nodes.values()), edges


def _inferred_type(entry: Entry) -> str:
    if entry.body.get("namespace") == "aws":
        return f"AWS::{entry.name}"
    return "remote"


def _node(entry: Entry, root: Entry, account_id: str) -> dict[str, Any]:
    service = _service_id(entry, account_id)
    flags = {flag: entry.flag(flag) or _any_inside(entry, flag) for flag in FLAGS}
    return {
        **service,
        **flags,
        "Type": service.get("Type", ""),
        "ok": not any(flags.values()),
        "partial": entry.end_time is None,
        "inferred": False,
        "root": entry is root,
        "first": entry is root,
        "last": not any(child.is_segment or child.is_remote for child in _below(entry)),
        "remote": entry.is_remote,
        "responsetime": entry.duration,
        "duration": entry.duration,
        "coverage": min(1.0, entry.duration / root.duration) if root.duration else 1.0,
        "http": _http(entry),
        "user": entry.body.get("user"),
        "name": entry.name,
        "type": service.get("Type", ""),
        "message": [str(one.get("message", "")) for part in (entry, *_below(entry)) for one in part.exceptions],
        "availabilityzone": object_of(entry.body, "aws", "ec2").get("availability_zone"),
        "instance_id": object_of(entry.body, "aws", "ec2").get("instance_id"),
        "resource_arn": entry.body.get("resource_arn"),
        "annotations": _own_annotations(entry),
    }


def _below(entry: Entry) -> list[Entry]:
    """Give what the entry contains, without what belongs to other segments."""
    found, waiting = [], [child for child in entry.children if not child.is_segment]
    while waiting:
        child = waiting.pop()
        found.append(child)
        waiting.extend(one for one in child.children if not one.is_segment)
    return found


def _any_inside(entry: Entry, flag: str) -> bool:
    # A handled failure of a call shows on the call, not on the service that made it.
    return flag == "throttle" and any(child.flag(flag) for child in _below(entry))


def _own_annotations(entry: Entry) -> dict[str, list[Any]]:
    values: defaultdict[str, list[Any]] = defaultdict(list)
    for part in (entry, *_below(entry)):
        for key, value in object_of(part.body, "annotations").items():
            if _annotation_kind(value):
                values[key].append(value)
    return dict(values)


def _edge(source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    own = ("ok", *FLAGS, "responsetime", "duration")
    return {"source": source, "target": target, **{name: target[name] for name in own}}
