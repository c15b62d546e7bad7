"""The recipes of the chart's README: the operator alone, the agents alone, and one more service beside them."""

import yaml

from tests.chart.matrix import AWS
from tests.chart.release import COMPONENTS, Values, components, named_container, of_kind, pods, render
from tools.chart.golden import value_sets

NONE: Values = {**AWS, "tracing.agent": "none"}
EXISTING: Values = {
    **NONE,
    "operator.enabled": False,
    "tracing.existing": {
        "agentAddress": "cruddur-agent.tracing:2000",
        "otlpEndpoint": "http://cruddur-collector.tracing:4318",
    },
}


def test_the_operator_alone_runs_nothing_else() -> None:
    """No daemon on each node, and no Service for one."""
    found = render({**NONE, "backend.enabled": False})
    assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for _, pod in pods(found)} == COMPONENTS[
        "operator"
    ]
    assert of_kind(found, "Service") == []


def test_one_more_service_uses_the_agents_that_are_there() -> None:
    """It brings its own pods only, and sends to another release's Services."""
    found = render(EXISTING)
    assert components(found).keys() == {"backend", "test"}
    assert [manifest["metadata"]["name"] for manifest in of_kind(found, "Service")] == ["demo-cruddur-backend"]
    env = {
        variable["name"]: variable.get("value")
        for variable in named_container(components(found)["backend"][0], "backend")["env"]
    }
    assert env["AWS_XRAY_DAEMON_ADDRESS"] == "cruddur-agent.tracing:2000"
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://cruddur-collector.tracing:4318"


def test_without_a_collector_that_is_there_no_span_is_exported() -> None:
    """Segments alone, to the agent on the node's own port."""
    found = render({**EXISTING, "tracing.existing": {"agentAddress": "$(HOST_IP):2000"}})
    env = {
        variable["name"]: variable for variable in named_container(components(found)["backend"][0], "backend")["env"]
    }
    assert env["OTEL_TRACES_EXPORTER"]["value"] == "none"
    assert env["HOST_IP"]["valueFrom"] == {"fieldRef": {"fieldPath": "status.hostIP"}}


def test_the_recipes_of_agents_and_of_one_more_service_fit() -> None:
    """The service sends to the Services of the agents' release, whose pods listen there."""
    agents, service = (yaml.safe_load(value_sets()[name].read_text()) for name in ("agents-alone", "one-more-service"))
    found = render(agents, release="cruddur")
    (pod,) = components(found)["collector"]
    ports = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]}
    addresses = {
        f"{manifest['metadata']['name']}.tracing:{port['port']}"
        for manifest in of_kind(found, "Service")
        for port in manifest["spec"]["ports"]
        if ports.get(port["targetPort"]) == port["port"]
    }
    existing = service["tracing"]["existing"]
    assert {existing["agentAddress"], existing["otlpEndpoint"].removeprefix("http://")} <= addresses
