"""What listens on port 2000: over TCP in every release, since the sampling rules come from there."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.stack import Addresses, Stack
from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import AWS, CASES
from tests.chart.real_collector import read, running
from tests.chart.release import Object, Values, containers, named, named_container, nested, pods, render

LOCAL = "http://demo-cruddur-xray-local:8900"
SEGMENTS_OFF: Values = {**AWS, "tracing.xraySdk.enabled": False}


def value(values: Values, path: str, default: Any) -> Any:
    """Return one of the values, or the chart's default."""
    found: Any = nested(values)
    for key in path.split("."):
        found = found.get(key, {})
    return default if found == {} else found


AGENTS: dict[str, Values] = {
    name: values for name, values in CASES.items() if value(values, "tracing.agent", "") != "none"
}


def sends_segments(values: Values) -> bool:
    """Return whether the backend sends segments."""
    return bool(value(values, "tracing.xraySdk.enabled", default=True))


def listeners(found: list[Object], protocol: str) -> dict[str, Object]:
    """Return the containers that listen on port 2000, by the kind of what makes their pod."""
    return {
        manifest["kind"]: container
        for manifest, pod in pods(found)
        for container in containers(pod)
        for port in container.get("ports", [])
        if (port["containerPort"], port["protocol"]) == (2000, protocol)
    }


def variables(found: list[Object]) -> dict[str, Any]:
    """Return the backend's variables."""
    backend = named(found, "Deployment", "demo-cruddur-backend")
    env = named_container(backend["spec"]["template"], "backend")["env"]
    return {variable["name"]: variable.get("value") for variable in env}


@for_each(AGENTS)
def test_one_container_listens_on_port_2000(value_set: ValueSet) -> None:
    """Over TCP always, and over UDP where segments are sent; without them it is the collector."""
    placement = value(value_set.values, "tracing.placement", "node")
    ((kind, container),) = listeners(value_set.objects, "TCP").items()
    assert kind == {"node": "DaemonSet", "sidecar": "Deployment"}[placement]
    segments = sends_segments(value_set.values)
    assert listeners(value_set.objects, "UDP") == ({kind: container} if segments else {})
    expected = value(value_set.values, "tracing.agent", "daemon") if segments else "collector"
    assert container["name"] == expected


@for_each(AGENTS)
def test_it_proxies_to_x_ray(value_set: ValueSet) -> None:
    """To xray-local, to the endpoint of the values, or to the region's own; without the instance metadata."""
    values, found = value_set.values, value_set.objects
    is_local = value(values, "xrayLocal.enabled", default=True)
    region = value(values, "aws.region", "us-east-1")
    endpoint = LOCAL if is_local else value(values, "aws.endpoint", "").rstrip("/")
    ((_, container),) = listeners(found, "TCP").items()
    assert proxied(found, container) == (region, endpoint)


def proxied(found: list[Object], container: Object) -> tuple[str, str]:
    """Return region and endpoint of the sampling proxy; AssertionError if it would not listen."""
    if container["name"] == "daemon":
        args = container["args"]
        assert "-o" in args
        return args[args.index("-n") + 1], loaded(found, "daemon", "cfg.yaml").get("Endpoint", "")
    proxy = collector_proxy(loaded(found, "collector", "config.yaml"))
    assert proxy["local_mode"] is True
    assert proxy["endpoint"].endswith(":2000")
    return proxy["region"], proxy.get("aws_endpoint", "")


def loaded(found: list[Object], part: str, file: str) -> dict[str, Any]:
    """Return the configuration file of an agent."""
    return dict(yaml.safe_load(named(found, "ConfigMap", f"demo-cruddur-{part}")["data"][file]))


def collector_proxy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the collector's only proxy: that of a receiver with a pipeline, or an extension that is switched on."""
    service = config["service"]
    received = {receiver for pipeline in service["pipelines"].values() for receiver in pipeline["receivers"]}
    receiver = [config["receivers"]["awsxray"]["proxy_server"]] if "awsxray" in received else []
    extension = [config["extensions"]["awsproxy"]] if "awsproxy" in service["extensions"] else []
    (proxy,) = [*receiver, *extension]
    return dict(proxy)


@for_each({name: values for name, values in AGENTS.items() if value(values, "backend.enabled", default=True)})
def test_the_backend_has_the_address_of_its_agent(value_set: ValueSet) -> None:
    """With segments and without: the pod's own loopback, the node's port, or the Service that selects the agents."""
    found = value_set.objects
    env = variables(found)
    assert env["AWS_XRAY_SDK_ENABLED"] == str(sends_segments(value_set.values)).lower()
    ((kind, container),) = listeners(found, "TCP").items()
    node_ports = [port.get("hostPort") for port in container["ports"] if port["containerPort"] == 2000]
    if kind == "Deployment":
        expected = "127.0.0.1:2000"
    elif value(value_set.values, "tracing.hostPort", default=False):
        expected = "$(HOST_IP):2000"
        assert set(node_ports) == {2000}
    else:
        expected = "demo-cruddur-agent:2000"
        assert set(node_ports) == {None}
    assert env["AWS_XRAY_DAEMON_ADDRESS"] == expected


@pytest.mark.parametrize("placement", ["node", "sidecar"])
@pytest.mark.parametrize("agent", ["daemon", "collector"])
def test_the_switch_to_otlp_changes_one_variable(placement: str, agent: str) -> None:
    """Names, address and exporter stay: the app does not notice more than the wire that is off."""
    way: Values = {"tracing.placement": placement, "tracing.agent": agent}
    before, after = (variables(render({**way, "tracing.xraySdk.enabled": sdk})) for sdk in (True, False))
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {"AWS_XRAY_SDK_ENABLED"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"CRUDDUR_TRACING_ANOMALIES_PER_SECOND": "0"}),
        (
            {"perSecond": 10_000_000, "slowSeconds": 2},
            {"CRUDDUR_TRACING_ANOMALIES_PER_SECOND": "10000000", "CRUDDUR_TRACING_SLOW_SECONDS": "2"},
        ),
        (
            {"perSecond": 1, "slowSeconds": 0.25},
            {"CRUDDUR_TRACING_ANOMALIES_PER_SECOND": "1", "CRUDDUR_TRACING_SLOW_SECONDS": "0.25"},
        ),
    ],
)
def test_the_backend_has_the_settings_of_anomalies(given: Values, expected: Mapping[str, str]) -> None:
    """A time that is not set is left out."""
    env = variables(render({"tracing.anomalies": given}))
    assert {name: value for name, value in env.items() if "ANOMALIES" in name or "SLOW" in name} == expected


@pytest.mark.process
@pytest.mark.parametrize("given", [SEGMENTS_OFF, {**AWS, "tracing.agent": "collector"}], ids=["spans", "segments"])
def test_the_real_collector_proxies_the_sampling_rules(
    tmp_path: Path, free_port: Callable[[], int], given: Values
) -> None:
    """It signs the calls for the region, and returns what X-Ray answers."""
    x_ray = Stack(Addresses(free_port(), free_port(), free_port(), free_port()), tmp_path)
    try:
        x_ray.start_xray_local()
        with running({**given, "aws.endpoint": x_ray.addresses.page}, tmp_path):
            assert "SamplingRuleRecords" in read(2000, {}, "/GetSamplingRules")
            assert "SamplingTargetDocuments" in read(2000, {"SamplingStatisticsDocuments": []}, "/SamplingTargets")
        with urllib.request.urlopen(f"{x_ray.addresses.page}/_local/requests", timeout=10) as answer:
            calls = json.load(answer)
        scopes = {call["operation"]: call["scope"] for call in calls if "Sampling" in call["operation"]}
        assert scopes == dict.fromkeys(("GetSamplingRules", "GetSamplingTargets"), "eu-central-1/xray")
    finally:
        x_ray.close()
