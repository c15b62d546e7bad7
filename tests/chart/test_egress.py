"""With egress restricted, every connection that a part makes is still allowed, and no other."""

from typing import Any

import pytest

from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import AWS
from tests.chart.release import Object, Values, of_kind, pods, render

ON: Values = {"networkPolicy.enabled": True, "networkPolicy.egress.enabled": True}
OUTSIDE = None  # a peer outside the release


def pod(found: list[Object], component: str) -> Object:
    """Return the pod of a part."""
    (chosen,) = [
        candidate
        for _, candidate in pods(found)
        if candidate["metadata"]["labels"]["app.kubernetes.io/component"] == component
    ]
    return chosen


def egress(found: list[Object], component: str) -> list[dict[str, Any]]:
    """Return the rules of the policies that select a part's pod; they restrict it only if there is one."""
    labels = pod(found, component)["metadata"]["labels"]
    policies = [
        policy["spec"]
        for policy in of_kind(found, "NetworkPolicy")
        if "Egress" in policy["spec"]["policyTypes"]
        and policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    assert policies, component
    return [rule for spec in policies for rule in spec["egress"]]


def allows(rules: list[dict[str, Any]], to: Object | None, port: int, protocol: str = "TCP") -> bool:
    """Return whether a connection is allowed, to a pod or to an address outside of the cluster."""
    for rule in rules:
        peers = [peer["podSelector"]["matchLabels"] for peer in rule.get("to", []) if "podSelector" in peer]
        reached = "to" not in rule or (
            to is not None and any(peer.items() <= to["metadata"]["labels"].items() for peer in peers)
        )
        if reached and {"port": port, "protocol": protocol} in rule["ports"]:
            return True
    return False


@for_each(
    {
        "daemon": ON,
        "collector": {**ON, "tracing.agent": "collector"},
        "spans": {**ON, "tracing.xraySdk.enabled": False},
    }
)
def test_everything_on_one_cluster_is_connected(value_set: ValueSet) -> None:
    """The backend to its agents, these and the operator to xray-local, and all to DNS."""
    found = value_set.objects
    components = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for _, pod in pods(found)}
    agent = "daemon" if "daemon" in components else "collector"
    local = pod(found, "xray-local")
    backend = egress(found, "backend")
    assert allows(backend, pod(found, agent), 2000, "UDP")
    assert allows(backend, pod(found, agent), 2000)
    assert allows(backend, pod(found, "collector"), 4318)
    assert not allows(backend, local, 8900)
    assert not allows(backend, OUTSIDE, 443)
    for component in components & {"daemon", "collector", "operator"}:
        assert allows(egress(found, component), local, 8900)
    assert allows(egress(found, "operator"), OUTSIDE, 6443)
    for component in components & {"backend", "daemon", "collector", "operator"}:
        assert allows(egress(found, component), OUTSIDE, 53, "UDP")
        assert not allows(egress(found, component), OUTSIDE, 5432)


def test_destinations_outside_are_reached_at_their_ports() -> None:
    """X-Ray's, Honeycomb's, and those of other exporters."""
    given: Values = {
        **ON,
        **AWS,
        "aws.endpoint": "https://xray.internal:8443",
        "destinations.honeycomb": {"enabled": True, "apiKey": "key", "endpoint": "https://proxy.example:9443"},
        "destinations.otlp": {"tempo": {"endpoint": "http://tempo:4318"}, "plain": {"endpoint": "http://plain"}},
    }
    rules = egress(render(given), "collector")
    assert all(allows(rules, OUTSIDE, port) for port in (443, 8443, 9443, 4318, 80))
    assert not allows(rules, OUTSIDE, 8080)


def test_sidecars_send_from_the_backends_pod() -> None:
    """To X-Ray itself, and to nothing on the node."""
    rules = egress(render({**ON, **AWS, "tracing.placement": "sidecar"}), "backend")
    assert allows(rules, OUTSIDE, 443)
    assert not allows(rules, OUTSIDE, 2000, "UDP")


def test_a_service_beside_other_agents_reaches_them() -> None:
    """In whatever namespace, at the ports of their addresses."""
    existing = {"agentAddress": "agent.tracing:2001", "otlpEndpoint": "https://collector.tracing"}
    rules = egress(render({**ON, **AWS, "tracing.agent": "none", "tracing.existing": existing}), "backend")
    assert allows(rules, OUTSIDE, 2001, "UDP")
    assert allows(rules, OUTSIDE, 2001)
    assert allows(rules, OUTSIDE, 443)


@pytest.mark.parametrize(("mode", "address"), [("podIdentity", "169.254.170.23/32"), ("none", "169.254.169.254/32")])
def test_credentials_are_reached(mode: str, address: str) -> None:
    """Pod Identity's endpoint or the node's metadata, on port 80 of that address alone."""
    found = render({**ON, **AWS, "aws.credentials.mode": mode})
    for component in ("daemon", "operator"):
        rules = egress(found, component)
        (blocks,) = [rule for rule in rules if {"port": 80, "protocol": "TCP"} in rule["ports"]]
        assert {"ipBlock": {"cidr": address}} in blocks["to"]


def test_peers_and_rules_of_the_users() -> None:
    """AWS behind a VPC endpoint, and what the app connects to."""
    vpc = [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
    found = render(
        {**ON, **AWS, "networkPolicy.egress": {"enabled": True, "awsTo": vpc, "backendRules": [{"to": vpc}]}}
    )
    assert {"ports": [{"port": 443, "protocol": "TCP"}], "to": vpc} in egress(found, "daemon")
    assert {"to": vpc} in egress(found, "backend")
