"""The collector's configuration: what the chart builds of it, and that the real collector takes it."""

import re
import socket
import subprocess
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from tests.chart.each import ValueSet, for_each, render_all
from tests.chart.matrix import AWS, CASES
from tests.chart.real_collector import ADDRESS, ENVIRONMENT, configuration, need_file_storage
from tests.chart.release import SECONDS, Values, named, named_container, render
from tests.waiting import until
from tools.provide import tool_path

LARGE: Values = {
    "collector.batch": {"timeout": "1m30s", "size": 1000000},
    "collector.queue": {"size": 10000000, "maxElapsedTime": "0s"},
    "collector.resources": {"limits": {"memory": 8589934592}},
    "collector.logLevel": "debug",
    "tracing.agent": "collector",
}
WAITS = ("0s", "30s", "30000ms", "0m30s", "1h")
# All that these sets record is segments, which the daemon takes to AWS.
WITHOUT = {
    "daemon-node-sdk-aws-plain",
    "daemon-sidecar-sdk-aws-plain",
    "fips",
    "kind-aws-values",
    "no-agents",
    "no-agents-host-port",
    "only-backend",
    "operator-alone",
    "pod-identity",
    "secret",
    "vpc-endpoint",
}
# Here the proxy and sigv4auth ask STS for the role as soon as they read their settings.
NEEDS_STS = {"other-account", "other-account-otel"}
QUEUE = "collector.queue.volume"
WITH: dict[str, Values] = {
    **{name: values for name, values in CASES.items() if name not in WITHOUT | NEEDS_STS},
    "large": LARGE,
    **{f"tries for {time}": {"collector.queue.maxElapsedTime": time} for time in WAITS},
}


def loaded(given: Values) -> dict[str, Any]:
    """Return it as data."""
    text = configuration(given)
    assert text is not None
    return dict(yaml.safe_load(text))


@cache
def complaint(text: str) -> str:
    """Return what the real collector says against a configuration, or nothing; it opens its port 2000 to validate."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "config.yaml")
        file.write_text(text.replace("127.0.0.1:", f"{ADDRESS}:"))
        run = subprocess.run(
            [tool_path("otelcol"), "validate", f"--config={file}"],
            env={**ENVIRONMENT, "MY_POD_IP": ADDRESS},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    return "" if run.returncode == 0 else run.stderr or run.stdout


def test_the_collector_runs_where_something_needs_it() -> None:
    """A set whose spans have no destination, and whose segments go by the daemon, has none."""
    render_all(CASES.values())
    assert {name for name, values in CASES.items() if configuration(values) is None} == WITHOUT


@for_each({name: values for name, values in WITH.items() if QUEUE not in values})
def test_the_collector_accepts_its_configuration(value_set: ValueSet) -> None:
    """`otelcol validate`, on each configuration that the chart builds."""
    assert complaint(configuration(value_set.values) or "") == ""


def test_the_collector_accepts_a_queue_in_a_file() -> None:
    """The same, with the extension that keeps it."""
    need_file_storage()
    queued = {name: values for name, values in WITH.items() if QUEUE in values}
    assert queued
    assert not {name: found for name, values in queued.items() if (found := complaint(configuration(values) or ""))}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"collector.config": {"exporters": {"otlp_http/xray-local": {"endpiont": "a"}}}}, "invalid keys: endpiont"),
        ({"collector.config": {"service": {"pipelines": {"traces/a": {"receivers": ["zipkin"]}}}}}, "zipkin"),
    ],
)
def test_a_wrong_configuration_is_found(given: Values, message: str) -> None:
    """A check that never fails would prove nothing."""
    assert message in complaint(configuration(given) or "")


@for_each({name: values for name, values in CASES.items() if name not in WITHOUT})
def test_every_exporter_has_a_pipeline_of_its_own(value_set: ValueSet) -> None:
    """A destination that fails does not delay another."""
    found = loaded(value_set.values)
    pipelines = found["service"]["pipelines"].values()
    used = [exporter for pipeline in pipelines for exporter in pipeline["exporters"]]
    assert sorted(used) == sorted(set(found["exporters"]) - {"debug"})
    for pipeline in pipelines:
        if pipeline["receivers"] == ["otlp/segments"]:  # behind a queue, which both stand in front of
            assert "processors" not in pipeline
            continue
        assert pipeline["processors"][0] == "memory_limiter"
        in_queue = "batch" in found["exporters"][pipeline["exporters"][0]].get("sending_queue", {})
        assert in_queue != pipeline["processors"][-1].startswith("batch")


WAYS: list[tuple[Values, list[str]]] = [
    ({}, ["otlp_http/xray-local"]),
    ({"tracing.agent": "collector"}, ["awsxray", "otlp_http/segments", "otlp_http/xray-local"]),
    ({"tracing.agent": "collector", "tracing.placement": "sidecar"}, ["awsxray", "otlp_http/xray-local"]),
    ({"tracing.xraySdk.enabled": False}, ["otlp_http/xray-local"]),
    ({**AWS, "tracing.agent": "collector"}, ["awsxray", "otlp_http/segments"]),
    ({**AWS, "tracing.xraySdk.enabled": False}, ["otlp_http/xray"]),
    (
        {**AWS, "destinations.honeycomb.enabled": True, "destinations.honeycomb.existingSecret": "mine"},
        ["otlp_http/honeycomb"],
    ),
    ({**AWS, "destinations.otlp": {"tempo": {"endpoint": "http://tempo:4318"}}}, ["otlp_http/tempo"]),
]


@pytest.mark.parametrize(("given", "exporters"), WAYS)
def test_spans_and_segments_go_where_the_values_say(given: Values, exporters: list[str]) -> None:
    """X-Ray gets segments, or spans where there is no SDK, and nothing twice."""
    assert sorted(loaded(given)["exporters"]) == exporters


def test_where_only_the_daemon_is_needed_no_collector_runs() -> None:
    """Segments go to X-Ray, and spans have no destination, unless a pipeline of the user's own exports them."""
    assert configuration(AWS) is None
    assert configuration({**AWS, "collector.config": {"processors": {"batch": {"timeout": "5s"}}}}) is None
    own = {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": ["debug"]}
    added = {"exporters": {"debug": {}}, "service": {"pipelines": {"traces/own": own}}}
    assert complaint(configuration({**AWS, "collector.config": added}) or "nothing") == ""


@pytest.mark.parametrize(
    ("name", "receivers", "wanted"),
    [
        ("traces/own", ["otlp"], True),
        ("traces/own", ["zipkin"], False),
        ("traces/segments", ["awsxray"], False),
        ("metrics", ["otlp"], False),
    ],
)
def test_the_backend_exports_spans_only_to_an_open_receiver(name: str, receivers: list[str], wanted: bool) -> None:
    """A receiver that no pipeline of traces has is not opened by the collector."""
    own = {"collector.config": {"service": {"pipelines": {name: {"receivers": receivers}}}}}
    backend = named(render({**AWS, "tracing.agent": "collector", **own}), "Deployment", "demo-cruddur-backend")
    env = {variable["name"] for variable in named_container(backend["spec"]["template"], "backend")["env"]}
    assert ("OTEL_EXPORTER_OTLP_ENDPOINT" in env) is wanted


def test_the_collector_listens_on_its_pods_address() -> None:
    """On a node the pod's address, and in a sidecar the loopback address."""
    for placement, host in (("node", "[${env:MY_POD_IP}]"), ("sidecar", "127.0.0.1")):
        found = loaded({"tracing.agent": "collector", "tracing.placement": placement})["receivers"]
        assert found["otlp"]["protocols"]["http"]["endpoint"] == f"{host}:4318"
        assert found["awsxray"]["endpoint"] == f"{host}:2000"
        assert found["awsxray"]["proxy_server"]["endpoint"] == f"{host}:2000"


@pytest.mark.process
def test_the_real_collector_listens_on_ipv6(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Health, metrics, OTLP, and port 2000 over TCP, where an IPv6-only cluster's pod has only such an address."""
    text = configuration({"ipv6": True, "tracing.agent": "collector"}) or ""
    ports = {port: free_port() for port in (13133, 8888, 4318, 2000, 4319)}
    for port, free in ports.items():
        text = re.sub(rf"(:|port: ){port}\b", rf"\g<1>{free}", text)
    (tmp_path / "config.yaml").write_text(text)
    environment = {**ENVIRONMENT, "MY_POD_IP": "::1"}
    run = subprocess.Popen([tool_path("otelcol"), f"--config={tmp_path / 'config.yaml'}"], env=environment)
    try:
        for port in (13133, 8888, 4318, 2000):
            until(partial(accepts, "::1", ports[port]), f"port {port} on ::1")
    finally:
        run.terminate()
        run.wait(timeout=30)


def accepts(host: str, port: int) -> bool:
    """Return whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_without_segments_the_collector_is_a_proxy_on_port_2000() -> None:
    """The extension does what the awsxray receiver does for the sampling rules; both in one would share the port."""
    on, off = (loaded({**AWS, "tracing.agent": "collector", "tracing.xraySdk.enabled": sdk}) for sdk in (True, False))
    assert off["extensions"]["awsproxy"] == on["receivers"]["awsxray"]["proxy_server"]
    assert ("awsproxy" in on["extensions"], "awsxray" in off["receivers"]) == (False, False)


def test_collector_config_is_merged_over_the_charts() -> None:
    """Maps are merged, and lists are replaced."""
    own = {"receivers": ["otlp"], "processors": [], "exporters": ["debug"]}
    added = {
        "exporters": {"debug": {}},
        "processors": {"batch": {"timeout": "9s"}},
        "service": {"pipelines": {"traces/xray-local": own}},
    }
    found = loaded({"collector.config": added})
    assert found["processors"]["batch"] == {"timeout": "9s", "send_batch_size": 512, "send_batch_max_size": 512}
    assert found["service"]["pipelines"]["traces/xray-local"] == own


@pytest.mark.parametrize("own", [["basicauth/g"], ["basicauth/g", "awsproxy"], []])
def test_extensions_of_the_users_are_added(own: list[str]) -> None:
    """Without the chart's, the pod would not be ready, nothing would be signed, and no sampling rule read."""
    given: Values = {**AWS, "tracing.xraySdk.enabled": False, "collector.config": {"service": {"extensions": own}}}
    assert loaded(given)["service"]["extensions"] == ["health_check", "awsproxy", "sigv4auth", *own[:1]]


REMOVED: list[tuple[Values, dict[str, Any], dict[str, list[str]]]] = [
    # The pipelines that are left, with their exporters.
    (
        {"tracing.agent": "collector"},
        {"service": {"pipelines": {"traces/xray-local": None}}},
        {"traces/segments": ["otlp_http/segments"], "traces/segments-to-xray": ["awsxray"]},
    ),
    (
        {"tracing.agent": "collector"},
        {"exporters": {"otlp_http/xray-local": None}},
        {"traces/segments": ["otlp_http/segments"], "traces/segments-to-xray": ["awsxray"]},
    ),
    (
        {"destinations.otlp": {"tempo": {"endpoint": "http://tempo:4318"}}},
        {"processors": {"batch": None}, "exporters": {"otlp_http/xray-local": None}},
        {"traces/tempo": ["otlp_http/tempo"]},
    ),
]


@pytest.mark.parametrize(("given", "config", "pipelines"), REMOVED)
def test_null_removes_a_component(given: Values, config: dict[str, Any], pipelines: dict[str, list[str]]) -> None:
    """And its name from the chart's pipelines; one without a destination goes as a whole."""
    changed: Values = {**given, "collector.config": config}
    found = loaded(changed)
    left = {name: pipeline["exporters"] for name, pipeline in found["service"]["pipelines"].items()}
    assert left == pipelines
    assert complaint(configuration(changed) or "") == ""


def test_null_removes_an_extension_or_a_setting() -> None:
    """An extension from the list of those that are started as well."""
    config = {"extensions": {"health_check": None}, "exporters": {"otlp_http/xray-local": {"sending_queue": None}}}
    found = loaded({"collector.config": config})
    assert "health_check" not in {*found["extensions"], *found["service"]["extensions"]}
    assert "sending_queue" not in found["exporters"]["otlp_http/xray-local"]


def test_without_its_last_pipeline_no_collector_runs() -> None:
    """It would exit; the backend then exports no spans."""
    given: Values = {"collector.config": {"service": {"pipelines": {"traces/xray-local": None}}}}
    assert configuration(given) is None
    backend = named(render(given), "Deployment", "demo-cruddur-backend")["spec"]["template"]
    assert {"name": "OTEL_TRACES_EXPORTER", "value": "none"} in named_container(backend, "backend")["env"]


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        (AWS, "https://xray.eu-central-1.amazonaws.com/v1/traces"),
        ({**AWS, "aws.endpoint": "https://vpce.example/"}, "https://vpce.example/v1/traces"),
    ],
)
def test_spans_for_x_ray_are_signed(given: Values, endpoint: str) -> None:
    """By the region's name, for the service `xray`."""
    found = loaded({**given, "tracing.xraySdk.enabled": False})
    assert found["exporters"]["otlp_http/xray"]["traces_endpoint"] == endpoint
    assert found["exporters"]["otlp_http/xray"]["auth"] == {"authenticator": "sigv4auth"}
    assert found["extensions"]["sigv4auth"] == {"region": "eu-central-1", "service": "xray"}
