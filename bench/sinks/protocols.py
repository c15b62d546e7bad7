"""The answers that each recorder expects, and the counting of what it sends."""

import json
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.sinks.listener import Request
from bench.sinks.received import Decode, Received, add_document

SERVER = 2  # OTLP's SPAN_KIND_SERVER


def rules(rate: float) -> bytes:
    """Return GetSamplingRules' answer with the one rule `Default`."""
    rule = {"RuleName": "Default", "Priority": 10000, "FixedRate": rate, "ReservoirSize": 0, "Version": 1}
    wildcards = ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN")
    whole = rule | dict.fromkeys(wildcards, "*") | {"Attributes": {}}
    return json.dumps({"SamplingRuleRecords": [{"SamplingRule": whole, "CreatedAt": 0.0, "ModifiedAt": 0.0}]}).encode()


TARGETS = json.dumps({"SamplingTargetDocuments": [], "LastRuleModification": 0.0, "UnprocessedStatistics": []}).encode()
DATADOG = json.dumps({"version": "7.70.0", "endpoints": ["/v0.4/traces", "/v0.5/traces", "/v0.6/stats"]}).encode()


def count_datagram(received: Received, data: bytes) -> None:
    """Count a datagram of the agent's UDP port."""
    _header, _newline, document = data.partition(b"\n")
    add_document(received.segments, json.loads(document))


def _count_spans(received: Received, body: bytes) -> None:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                trace = span.trace_id.hex()
                received.otlp.add(trace, trace + span.span_id.hex(), root=span.kind == SERVER)


def _count_elastic(received: Received, body: bytes) -> None:
    received.peer.events += sum(line.startswith(b'{"transaction"') for line in body.splitlines())


def _count_sentry(received: Received, body: bytes) -> None:
    received.peer.events += body.count(b'\n{"type":"transaction","content_type":')


COUNTED: dict[str, tuple[Decode, bytes]] = {  # and the answer
    "/v1/traces": (_count_spans, b""),
    "/intake/v2/events": (_count_elastic, b""),
    "/api/1/envelope/": (_count_sentry, b"{}"),
}
ANSWERS = {"/": b'{"version": "8.15.0"}', "/info": DATADOG, "/SamplingTargets": TARGETS}
DATADOG_TRACES = {"/v0.4/traces", "/v0.5/traces"}


def answer(received: Received, rate: float, request: Request) -> bytes:
    """Count what the request carries and return the body of the answer."""
    path = urlsplit(request.path).path
    if path == "/GetSamplingRules":
        return rules(rate)
    if path in COUNTED:
        count, response = COUNTED[path]
        received.take(count, request.body)
        return response
    if path in DATADOG_TRACES:
        received.peer.events += int(request.headers.get("x-datadog-trace-count", "0"))
        return b'{"rate_by_service":{}}'
    return ANSWERS.get(path, b"{}")
