"""The model of a trace in the shapes of the X-Ray API: TraceSummary, RootCause, Service. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.state.region import ACCOUNT_ID
from xray_local.traces.body import Annotation, Http
from xray_local.traces.flags import Flag
from xray_local.traces.root_causes import CauseEntity, CauseService, RootCause
from xray_local.traces.service_graph import CLIENT, CallStatistics, GraphService, Key
from xray_local.traces.summaries import AnnotationValue, ServiceId, TraceSummary

Shape = dict[str, Any]


def trace_summary(summary: TraceSummary) -> Shape:
    """Return the TraceSummary shape."""
    return {
        "Id": summary.id,
        "StartTime": summary.start,
        "Duration": summary.duration,
        "ResponseTime": summary.response_time,
        **{f"Has{flag.capitalize()}": flag in summary.flags for flag in Flag},
        "IsPartial": summary.partial,
        "Http": _http(summary.http),
        "Annotations": _annotations(summary.annotations),
        "Users": [{"UserName": user.name, "ServiceIds": _service_ids(user.services)} for user in summary.users],
        "ServiceIds": _service_ids(summary.service_ids),
        "ResourceARNs": [{"ARN": arn} for arn in summary.resource_arns],
        "InstanceIds": [{"Id": instance_id} for instance_id in summary.instance_ids],
        "AvailabilityZones": [{"Name": name} for name in summary.availability_zones],
        "EntryPoint": _service_id(summary.entry_point),
        "FaultRootCauses": [_root_cause(cause) for cause in summary.fault_causes],
        "ErrorRootCauses": [_root_cause(cause) for cause in summary.error_causes],
        "ResponseTimeRootCauses": [_root_cause(cause) for cause in summary.response_time_causes],
        "Revision": summary.revision,
        "MatchedEventTime": summary.start,
    }


def _service_id(service: ServiceId) -> Shape:
    shape = {"Name": service.name, "Names": [service.name], "AccountId": ACCOUNT_ID}
    return shape if service.type is None else shape | {"Type": service.type}


def _service_ids(services: Iterable[ServiceId]) -> list[Shape]:
    return [_service_id(service) for service in services]


def _http(http: Http) -> Shape:
    members = {
        "HttpURL": http.url,
        "HttpStatus": http.status,
        "HttpMethod": http.method,
        "UserAgent": http.user_agent,
        "ClientIp": http.client_ip,
    }
    return {name: value for name, value in members.items() if value is not None}


def _annotations(annotations: Iterable[AnnotationValue]) -> dict[str, list[Shape]]:
    values: defaultdict[str, list[Shape]] = defaultdict(list)
    for found in annotations:
        value = {_annotation_member(found.value): found.value}
        values[found.key].append({"AnnotationValue": value, "ServiceIds": _service_ids(found.services)})
    return dict(values)


def _annotation_member(value: Annotation) -> str:
    if isinstance(value, bool):
        return "BooleanValue"
    return "StringValue" if isinstance(value, str) else "NumberValue"


def _root_cause(cause: RootCause) -> Shape:
    services = [_cause_service(service) for service in cause.services]
    return {"Services": services, "ClientImpacting": cause.client_impacting}


def _cause_service(service: CauseService) -> Shape:
    return {
        "Name": service.name,
        "Names": [service.name],
        "Type": service.type,
        "AccountId": ACCOUNT_ID,
        "EntityPath": [_cause_entity(entity) for entity in service.path],
        "Inferred": service.inferred,
    }


def _cause_entity(entity: CauseEntity) -> Shape:
    shape: Shape = {"Name": entity.name, "Remote": entity.remote}
    if entity.coverage is not None:
        return shape | {"Coverage": entity.coverage}
    return shape | {"Exceptions": [{"Name": found.type, "Message": found.message} for found in entity.exceptions]}


def services(graph: Mapping[Key, GraphService]) -> list[Shape]:
    """Return the Service shapes of a graph."""
    references = {key: number for number, key in enumerate(graph)}
    return [_service(service, references[key], references) for key, service in graph.items()]


def _service(service: GraphService, reference: int, references: Mapping[Key, int]) -> Shape:
    calls = service.calls
    return {
        "ReferenceId": reference,
        "Name": service.name,
        "Names": [service.name],
        "Root": service.root,
        "AccountId": "" if service.type == CLIENT and not service.active else ACCOUNT_ID,
        "Type": service.type,
        "State": "active" if service.active else "unknown",
        **_times(calls),
        "Edges": [_edge(references[target], edge) for target, edge in service.edges.items()],
        "SummaryStatistics": statistics(calls),
        "DurationHistogram": histogram(calls),
        "ResponseTimeHistogram": histogram(calls),
    }


def _edge(reference: int, calls: CallStatistics) -> Shape:
    return {
        "ReferenceId": reference,
        **_times(calls),
        "SummaryStatistics": statistics(calls),
        "ResponseTimeHistogram": histogram(calls),
        "Aliases": [],
    }


def _times(calls: CallStatistics) -> Shape:
    return {"StartTime": calls.start, "EndTime": calls.end}


def statistics(calls: CallStatistics) -> Shape:
    """Return the statistics shape of a service or an edge."""
    throttles, errors, faults = (calls.results[flag] for flag in (Flag.THROTTLE, Flag.ERROR, Flag.FAULT))
    return {
        "OkCount": calls.results[None],
        "ErrorStatistics": {"ThrottleCount": throttles, "OtherCount": errors, "TotalCount": throttles + errors},
        "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
        "TotalCount": calls.results.total(),
        "TotalResponseTime": calls.seconds,
    }


def histogram(calls: CallStatistics) -> list[Shape]:
    """Return the histogram shape of a service or an edge, in seconds."""
    return [{"Value": value, "Count": count} for value, count in sorted(calls.histogram.items())]
