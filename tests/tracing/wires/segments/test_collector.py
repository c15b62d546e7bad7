"""Our documents are those of the collector's awsxray exporter, a real one, but for the listed differences."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

from cruddur_tracing.recording.attributes import complete
from cruddur_tracing.recording.span import Span
from pytest_xray_local import XRayLocal
from tests.tracing.starting import start_child
from tests.tracing.wires.segments import sdk_scenarios
from tests.tracing.wires.segments.collector import Collector, collector
from tests.tracing.wires.segments.differences import ROWS, XRAY_ROWS, Row, equal_but_for_differences
from tests.tracing.wires.segments.otel_spans import RESOURCES, SCENARIOS, SDK, Scenario, postgres
from tests.tracing.wires.segments.our_api import OurApi
from tests.tracing.wires.segments.sdk_scenarios import Api
from tests.tracing.wires.segments.spans import Document, Traced, nodes, traced

pytestmark = pytest.mark.process

LEFT = {"attributes left in metadata": XRAY_ROWS["attributes left in metadata"]}
TABLE = Path(__file__).resolve().parents[4] / "docs/span-to-segment.md"


@pytest.fixture(scope="module")
def exporter(xray_local_process: XRayLocal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """Run one collector for the whole module."""
    with collector(xray_local_process, tmp_path_factory.mktemp("collector")) as running:
        yield running


def assert_same(exporter: Collector, root: Document, spans: list[Span], rows: dict[str, Row]) -> None:
    """Compare our documents with the exporter's, node by node, and the nesting."""
    ours, theirs = {node["id"]: node for node in nodes(root)}, exporter.translate(spans)
    assert parents(root) == {key: document.get("parent_id") for key, document in theirs.items()}
    for key, document in ours.items():
        mine, other = equal_but_for_differences(document, theirs[key], rows)
        assert mine == other


def parents(document: Document) -> dict[str, str | None]:
    """Return the parent of each node."""
    found = {document["id"]: document.get("parent_id")}
    for node in nodes(document):
        found |= {child["id"]: node["id"] for child in node.get("subsegments", ())}
    return found


def ended(trace: Traced, spans: list[Span]) -> Document:
    """End the spans, innermost first, and return our tree."""
    for span in reversed(spans):
        span.end()
    return trace.agent.tree()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.__name__))
def test_documents_are_those_of_the_exporter(exporter: Collector, scenario: Scenario) -> None:
    """Ids, nesting and every field are equal."""
    trace = traced(SDK)
    spans = scenario(trace)
    assert_same(exporter, ended(trace, spans), spans, ROWS)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
def test_hosts_are_those_of_the_exporter(exporter: Collector, resource: dict[str, object]) -> None:
    """`origin`, `aws`, `service` and the metadata of the resource are equal."""
    trace = traced(SDK | resource)
    spans = postgres(trace)
    assert_same(exporter, ended(trace, spans), spans, ROWS)


@pytest.mark.parametrize("scenario", sdk_scenarios.SCENARIOS, ids=lambda scenario: str(scenario.__name__))
def test_xray_calls_are_the_same_by_otlp(exporter: Collector, scenario: Callable[[Api], None]) -> None:
    """What X-Ray's API wrote arrives with the same names, nesting, annotations and metadata by either wire."""
    api = OurApi(SDK)
    scenario(api)
    complete(api.spans[0])
    assert_same(exporter, api.agent.tree(), api.spans, ROWS | XRAY_ROWS)


@pytest.mark.parametrize("kind", [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER])
@pytest.mark.parametrize("remote", [False, True], ids=["root of the trace", "remote parent"])
def test_local_roots_are_segments_of_the_service(exporter: Collector, kind: SpanKind, remote: bool) -> None:
    """A root that is a call is a subsegment of a segment that both make up; each has an id of its own for it."""
    trace = traced(SDK)
    parent = SpanContext(trace.recording.trace_id, 0x53995C3F42CD8AD8, True, TraceFlags(1)) if remote else None
    root = trace.root("job", kind, parent_id=parent.span_id if parent else 0, parent_context=parent)
    spans = [root, start_child(root, "step")]
    ours = ended(trace, spans)
    complete(root)
    theirs = exporter.translate(spans)
    assert outline(ours) == outline(nested(theirs))


@pytest.mark.parametrize("kind", [SpanKind.CLIENT, SpanKind.PRODUCER])
def test_a_local_root_that_is_a_call_has_the_same_fields(exporter: Collector, kind: SpanKind) -> None:
    """In both documents: the segment that is made up has the host and the flags, the subsegment all the rest."""
    trace = traced(SDK)
    attributes = {"http.method": "GET", "http.url": "http://pay.example.com/a", "http.status_code": 503, "tier": "gold"}
    root = trace.root("GET", kind, attributes=attributes)
    root.set_status(StatusCode.ERROR)
    ours = ended(trace, [root])
    complete(root)
    theirs = nested(exporter.translate([root]))
    for mine, other in zip(nodes(ours), nodes(theirs), strict=True):
        other["id"] = mine["id"]
        other.pop("subsegments", None)
        one, another = equal_but_for_differences(mine, other, ROWS | LEFT)
        assert one == another


ODD: dict[str, dict[str, Any]] = {
    "aws": {
        "account_id": 7,
        "table_names": {"t": 1}.keys(),
        "region": None,
        "ec2": {"instance_id": 7},
        "ecs": "x",
        "retries": "many",
    },
    "http": {
        "request": {"method": 1, "url": ["x"], "x_forwarded_for": "yes", "client_ip": None},
        "response": {"status": "404", "content_length": "7"},
    },
    "sql": {"url": "sqlite:///shop.db", "user": 7, "database_version": 16, "preparation": None},
    "metadata": {"odd": 7, "nan": {"x": float("nan"), "big": 2**99, 3: b"x"}},
    "annotations": {"a b": {"c": 1}, "nan": float("inf")},
}


def test_the_collector_takes_every_document(exporter: Collector) -> None:
    """Its receiver refuses a whole trace for one field of a type that it does not expect."""
    sent = []
    for scenario in SCENARIOS:
        trace = traced(SDK)
        ended(trace, scenario(trace))
        sent += trace.agent.sent
    for calls in (*sdk_scenarios.SCENARIOS, odd_types):
        api = OurApi(SDK)
        calls(api)
        sent += api.agent.sent
    exporter.forward(sent)


def odd_types(api: OurApi) -> None:
    """Write values of the wrong type wherever X-Ray's API lets an app do so."""
    api.begin_segment("shop")
    for _ in range(2):
        for field, value in {**ODD, "user": 7, "origin": 7, "precursor_ids": [7], "namespace": "mine"}.items():
            api.field(field, value)
        api.exception(ValueError(), [("a.py", None, "f")])
        api.begin_subsegment("call")
    api.end()
    api.end()
    api.end()


def nested(documents: dict[str, Document]) -> Document:
    """Return the exporter's documents as a tree."""
    for document in documents.values():
        if document.get("type") == "subsegment":
            documents[document["parent_id"]].setdefault("subsegments", []).append(document)
    (root,) = [document for document in documents.values() if document.get("type") != "subsegment"]
    return root


def outline(document: Document) -> list[object]:
    """Return names, namespaces and nesting, and the remote parent."""
    children = [outline(child) for child in document.get("subsegments", ())]
    remote = document.get("parent_id") if document.get("type") != "subsegment" and "trace_id" in document else None
    return [document["name"], document.get("namespace"), remote, *children]


def test_the_table_has_every_difference() -> None:
    """The titles of the rows are in the docs."""
    text = TABLE.read_text()
    assert [title for title in ROWS | XRAY_ROWS if f"| {title} |" not in text] == []
