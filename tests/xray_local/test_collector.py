"""Spans by OTLP read like the segments that a real collector's awsxray exporter makes of the same spans."""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_xray_local import XRayLocal
from tests.tracing.wires.segments.collector import Collector, collector
from tests.xray_local.otlp import JSON, pairs, request, span
from tests.xray_local.samples import NOW, trace_id
from xray_local.cli import client
from xray_local.ingest.otlp_request import PROTOBUF, read

pytestmark = pytest.mark.process

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
ERROR = {"code": 2, "message": "no such table"}
AWS_CALL = {"rpc.system": "aws-api", "cloud.region": "eu-west-1", "http.status_code": 200, "aws.request_id": "R1"}


@dataclass(frozen=True)
class Scenario:
    """Requests of one trace: spans by the attributes of their resource. `renamed` maps the exporter's names to ours."""

    parts: list[tuple[dict[str, Any], list[dict[str, Any]]]]
    renamed: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the OTLP request."""
        whole = {
            "resourceSpans": [
                part for resource, spans in self.parts for part in request(*spans, resource=resource)["resourceSpans"]
            ]
        }
        return read(json.dumps(whole).encode(), JSON).SerializeToString()


def root(name: str, kind: int, attributes: dict[str, Any] | None = None) -> dict[str, Any]:
    return span(spanId=f"{1:016x}", parentSpanId="", name=name, kind=kind, attributes=attributes or {})


def server(**attributes: Any) -> dict[str, Any]:
    """Return the span of a request in the newer conventions, with an annotation."""
    whole: dict[str, Any] = {
        "http.request.method": "GET",
        "url.scheme": "https",
        "server.address": "shop.example",
        "url.path": "/cart",
    }
    whole |= {"http.response.status_code": 200, "user_agent.original": "curl/8", "network.peer.address": "10.0.0.7"}
    whole |= {"aws.xray.annotations": ["plan"], "plan": "pro", "enduser.id": "ann"}
    return root("GET /cart", SERVER, whole | attributes)


def below(number: int, kind: int, name: str, attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a child of the root, or of the span `parent`."""
    listed = {"aws.xray.annotations": []} | (attributes or {})
    parent = more.pop("parent", 1)
    return span(spanId=f"{number:016x}", parentSpanId=f"{parent:016x}", name=name, kind=kind, attributes=listed, **more)


SHOP = {"service.name": "shop", "telemetry.sdk.language": "python"}
EXCEPTION = {"exception.type": "ValueError", "exception.message": "bad"}
NEWER_CALL = {"http.request.method": "GET", "server.address": "a.example", "url.full": "https://a.example/x"}
OLDER_CALL = {"http.method": "GET", "http.url": "http://b.example:81/y", "net.peer.name": "b.example"}
OLDER_SQL = {"db.system": "postgresql", "db.name": "orders", "db.statement": "SELECT 1", "db.user": "app"}
NEWER_SQL = {"db.system.name": "postgresql", "db.namespace": "users", "server.address": "db.example"}
LOCAL_ROOT: dict[str, Any] = {
    "aws.span.kind": "LOCAL_ROOT",
    "aws.local.service": "job",
    "aws.remote.service": "a.example",
}
LOCAL_ROOT |= {"aws.xray.annotations": []}
TABLE = AWS_CALL | {"rpc.service": "DynamoDB", "rpc.method": "GetItem", "aws.dynamodb.table_names": ["orders"]}
QUEUE = AWS_CALL | {"rpc.service": "SQS", "rpc.method": "SendMessage", "messaging.url": "https://sqs/1/jobs"}
MAIL = QUEUE | {"messaging.url": "https://sqs/1/mail"}
FARGATE = {"cloud.provider": "aws", "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate"}
EC2 = {"host.id": "i-1", "cloud.platform": "aws_ec2", "cloud.availability_zone": "eu-west-1a", "service.version": "1.2"}

SCENARIOS = {
    "calls to two hosts": Scenario(
        [
            (
                SHOP,
                [
                    server(),
                    below(2, CLIENT, "GET", NEWER_CALL | {"http.response.status_code": 503}),
                    below(3, CLIENT, "GET", OLDER_CALL | {"http.status_code": 404}),
                    below(4, CLIENT, "POST", OLDER_CALL | {"peer.service": "users", "http.status_code": 429}),
                ],
            )
        ],
        {"GET": "a.example"},
    ),
    "a query": Scenario([(SHOP, [server(), below(2, CLIENT, "SELECT orders", OLDER_SQL, status=ERROR)])]),
    "a query in the newer conventions": Scenario(
        [(SHOP, [server(), below(2, CLIENT, "SELECT users", NEWER_SQL)])],
        {"SELECT users": "users@db.example", "remote": "Database::SQL"},
    ),
    "a table on Fargate": Scenario(
        [(SHOP | FARGATE, [server(**{"http.response.status_code": 500}), below(2, CLIENT, "GetItem", TABLE)])],
        {"DynamoDB": "dynamodb"},
    ),
    "a queue and its worker": Scenario(
        [
            (SHOP, [server(), below(2, PRODUCER, "jobs send", QUEUE), below(4, PRODUCER, "mail send", MAIL)]),
            ({"service.name": "worker"}, [below(3, CONSUMER, "jobs process", parent=2, status=ERROR)]),
        ],
        {"SQS": "sqs", "jobs process": "worker"},
    ),
    "another service of AWS": Scenario(
        [
            (
                SHOP,
                [
                    server(),
                    below(2, INTERNAL, "load", status=ERROR),
                    below(3, CLIENT, "S3.GetObject", AWS_CALL | {"rpc.service": "S3"}, parent=2),
                ],
            )
        ],
        {"S3": "s3"},
    ),
    "an exception": Scenario(
        [
            (
                SHOP,
                [
                    server(),
                    below(
                        2,
                        CLIENT,
                        "call",
                        {"peer.service": "users"},
                        status=ERROR,
                        events=[{"name": "exception", "attributes": pairs(EXCEPTION)}],
                    ),
                ],
            )
        ]
    ),
    "a request that is refused": Scenario([(SHOP, [server(**{"http.response.status_code": 404})])]),
    "a host": Scenario([(SHOP | EC2, [server()])]),
    "two services": Scenario(
        [
            (SHOP, [server(), below(2, CLIENT, "call", {"peer.service": "back"}, status=ERROR)]),
            ({"service.name": "back"}, [below(3, SERVER, "GET /", {"http.status_code": 200}, parent=2)]),
        ]
    ),
    "a root that is a call": Scenario(
        [({"service.name": "job"}, [root("GET", CLIENT, NEWER_CALL | {"aws.xray.annotations": []})])], {"GET": "job"}
    ),
    "a local root that is a call": Scenario(
        [
            (
                SHOP,
                [
                    root("GET", CLIENT, NEWER_CALL | LOCAL_ROOT | {"http.response.status_code": 500}),
                    below(2, INTERNAL, "read"),
                ],
            )
        ]
    ),
    "a root of work": Scenario([({"service.name": "job"}, [root("work", INTERNAL)])], {"work": "job"}),
    "a root of a message": Scenario([({"service.name": "job"}, [root("process", CONSUMER)])], {"process": "job"}),
}
FILTERS = (
    "ok",
    "fault",
    "error",
    "throttle",
    "http.status = 200",
    'http.url BEGINSWITH "https://shop.example/cart"',
    'http.clientip = "10.0.0.7" AND http.useragent AND http.method = "GET"',
    'annotation.plan = "pro"',
    'user = "ann"',
    'service("shop") {ok}',
    'service("shop") {fault}',
    'service(id(type: "AWS::DynamoDB::Table", name: "orders"))',
    'service(id(type: "AWS::ECS::Fargate"))',
    'service(id(type: "Database::SQL")) {fault}',
    'edge("shop", "https://sqs/1/mail")',
    'edge("shop", "users") {throttle}',
    'edge("shop", "b.example") {error}',
    'edge("shop", "back") {fault}',
    'service("back") {ok}',
    'rootcause.fault.exception {name = "ValueError" AND message = "bad"}',
    "rootcause.fault.service {last AND inferred}",
    "rootcause.responsetime.entity {index = 1 AND coverage > 0.5 AND remote}",
    'instance.id = "i-1" AND availabilityzone = "eu-west-1a"',
)


@pytest.fixture(scope="module")
def exporter(xray_local_process: XRayLocal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """Run one collector for the whole module."""
    with collector(xray_local_process, tmp_path_factory.mktemp("collector")) as running:
        yield running


@pytest.mark.parametrize("name", SCENARIOS)
def test_spans_read_like_the_exporters_segments(exporter: Collector, name: str) -> None:
    """The same services, calls, counts, summary, matches and documents; but for the names that the README lists."""
    scenario, local = SCENARIOS[name], exporter.local
    local.reset()
    assert exporter.post(scenario.body())
    theirs, their_documents = derived(local), documents(local)
    local.reset()
    post(local, scenario.body())
    ours, our_documents = derived(local), documents(local)
    assert ours == renamed(theirs, scenario.renamed)
    assert {name for name, matched in ours["matches"].items() if matched}
    assert our_documents.keys() == their_documents.keys()
    for id_, document in their_documents.items():
        assert compared(our_documents[id_], {}) == compared(document, scenario.renamed)


def test_every_filter_matches_in_a_scenario(xray_local_process: XRayLocal) -> None:
    """So none is compared where it is always false."""
    matched: set[str] = set()
    for scenario in SCENARIOS.values():
        xray_local_process.reset()
        post(xray_local_process, scenario.body())
        matched |= {name for name, found in derived(xray_local_process)["matches"].items() if found}
    assert matched == set(FILTERS)


def post(local: XRayLocal, body: bytes) -> None:
    sent = urllib.request.Request(f"{local.otlp}/v1/traces", body, {"Content-Type": PROTOBUF})
    with urllib.request.urlopen(sent, timeout=10) as answer:
        assert answer.read() == b""


def derived(local: XRayLocal) -> dict[str, Any]:
    """Return what the API says of the trace, but for ids and counts of documents."""
    graph = client.call(local.api, "TraceGraph", {"TraceIds": [trace_id(1)]})["Services"]
    nodes = {node["ReferenceId"]: [node["Name"], node["Type"]] for node in graph}
    times = {"StartTime": NOW - 10, "EndTime": NOW + 10}
    [summary] = client.call(local.api, "TraceSummaries", times)["TraceSummaries"]
    return {
        "nodes": sorted([*nodes[node["ReferenceId"]], node["State"], node["SummaryStatistics"]] for node in graph),
        "edges": sorted(
            [*nodes[node["ReferenceId"]], *nodes[edge["ReferenceId"]], edge["SummaryStatistics"]]
            for node in graph
            for edge in node["Edges"]
        ),
        "summary": {key: value for key, value in summary.items() if key != "Revision"},
        "matches": {
            text: bool(client.call(local.api, "TraceSummaries", times | {"FilterExpression": text})["TraceSummaries"])
            for text in FILTERS
        },
    }


def documents(local: XRayLocal) -> dict[str, dict[str, Any]]:
    """Return the compiled documents and all that is nested in them, by id; one that no span has by its parent's."""
    [trace] = client.call(local.api, "Traces", {"TraceIds": [trace_id(1)]})["Traces"]
    found: dict[str, dict[str, Any]] = {}
    waiting = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    while waiting:
        body = waiting.pop()
        waiting += body.pop("subsegments", ())
        if int(body["id"], 16) < 100:
            found[body["id"]] = body
        else:
            found[f"{'inferred' if body.get('inferred') else 'made'} {body.pop('parent_id', '')}"] = body
    return found


# What differs on purpose, see docs/span-to-segment.md: the exporter has the host in every document and no region of
# botocore's instrumentation, a length of 0 where it knows none, and queries in the newer conventions as metadata.
OF_CALLS = re.compile("/aws/(?!operation|request_id|table_name|table_names|queue_url).*|/origin")
OF_NEWER_QUERIES = re.compile("/(sql|metadata)/.*")
ANYWHERE = re.compile("/cause/exceptions/0/id|/http/response/content_length|/id")


def compared(document: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a document that are to be equal, by their paths; empty ones say the same as absent ones."""
    values = {path: value for path, value in leaves(document, "") if value not in (None, "", False)}
    ignored = [ANYWHERE]
    if "trace_id" not in document or document.get("inferred"):
        ignored.append(OF_CALLS)
    for path in ("/name", "/origin"):
        if path in values:
            values[path] = names.get(values[path], values[path])
    if values["/name"] == "users@db.example":
        ignored.append(OF_NEWER_QUERIES)
    return {path: value for path, value in values.items() if not any(pattern.fullmatch(path) for pattern in ignored)}


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}/{key}")
    else:
        yield path, value


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value of `derived` with other names of services."""
    if isinstance(value, dict):
        return {key: renamed(item, names) if key != "Http" else item for key, item in value.items()}
    if isinstance(value, list):
        items = [renamed(item, names) for item in value]
        return sorted(items) if value and isinstance(value[0], list) else items
    return names.get(value, value) if isinstance(value, str) else value
