"""OpenTelemetry's SDK for JavaScript: its exporter of OTLP over HTTP sends JSON."""

from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.integration.clients.conftest import calls, node_app, program, run

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def app() -> Path:
    """Return a folder with the app and its packages."""
    return node_app("otel")


def test_spans_in_json_are_a_trace(app: Path, xray_local: XRayLocal) -> None:
    """With the service's origin, its failed call and the database as a node of the map."""
    run([program("node"), "app.js"], app, xray_local.environment)
    trace = xray_local.one_trace('service("orders-js") AND fault')
    assert {(call["status"], call["listener"]) for call in calls(xray_local, "PutSpans")} == {(200, "otlp")}
    services = xray_local.call("TraceGraph", {"TraceIds": [trace.id]})["Services"]
    assert {(service["Name"], service["Type"]) for service in services} == {
        ("orders-js", "AWS::ECS::Container"),
        ("orders-js", "client"),
        ("shop@db.local", "Database::SQL"),
    }
    messages = 'service("orders-js") { message = "no stock" }'
    assert [found.id for found in xray_local.traces(messages)] == [trace.id]
