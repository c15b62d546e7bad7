"""What the pods are started with: variables, keys, images, checksums."""

import base64
import json
import re
from typing import Any

import pytest

from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import AWS, CASES, DIGEST, EVERYTHING, KEY
from tests.chart.release import Object, Values, containers, named, named_container, of_kind, pods, render, text

PREFIX = "demo-cruddur"
# part -> kind and container of its pod
PARTS = {
    "backend": ("Deployment", "backend"),
    "daemon": ("DaemonSet", "daemon"),
    "collector": ("DaemonSet", "collector"),
    "xrayLocal": ("Deployment", "xray-local"),
    "operator": ("Deployment", "operator"),
}


def part(found: list[Object], name: str) -> tuple[Object, Object]:
    """Return the pod of a part and its main container."""
    kind, inside = PARTS[name]
    pod: Object = named(found, kind, f"{PREFIX}-{inside}")["spec"]["template"]
    return pod, named_container(pod, inside)


@for_each(CASES)
def test_variables_are_unique_and_come_after_those_they_refer_to(value_set: ValueSet) -> None:
    """Helm 4 rejects duplicates, and $(NAME) is expanded only if NAME is defined above."""
    for _, pod in pods(value_set.objects):
        for container in containers(pod):
            above: set[str] = set()
            for variable in container.get("env", []):
                assert variable["name"] not in above
                assert set(re.findall(r"\$\((\w+)\)", variable.get("value", ""))) <= above
                above.add(variable["name"])


@pytest.mark.parametrize("name", PARTS)
def test_extra_env_replaces_a_variable_of_the_chart(name: str) -> None:
    """It keeps the place of the chart's, which $(NAME) below reads; new ones come last."""
    _, before = part(render(), name)
    own = [variable["name"] for variable in before["env"]]
    given = [{"name": "NEW", "value": "1"}, {"name": own[0], "value": "mine"}, {"name": "NEWER", "value": "2"}]
    _, after = part(render({f"{name}.extraEnv": given}), name)
    assert [variable["name"] for variable in after["env"]] == [*own, "NEW", "NEWER"]
    assert after["env"][0] == {"name": own[0], "value": "mine"}


def test_extra_env_is_sorted_after_what_it_refers_to() -> None:
    """Kubernetes does not expand $(NAME) when NAME comes later."""
    address = {"name": "AWS_XRAY_DAEMON_ADDRESS", "value": "$(HOST_IP):2000"}
    host = {"name": "HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}
    _, backend = part(render({"backend.extraEnv": [address, host]}), "backend")
    assert backend["env"][-2:] == [host, address]
    assert [variable["name"] for variable in backend["env"]].count("AWS_XRAY_DAEMON_ADDRESS") == 1


def test_the_last_of_two_equal_extra_env_names_wins() -> None:
    """One list of the user's may name a variable twice."""
    given = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    _, backend = part(render({"backend.extraEnv": given}), "backend")
    assert backend["env"][-1] == {"name": "A", "value": "2"}


@for_each(CASES)
def test_only_the_collector_reads_the_honeycomb_key(value_set: ValueSet) -> None:
    """It is in one Secret, and only the collector's container reads that."""
    found = value_set.objects
    encoded = base64.b64encode(KEY.encode()).decode()
    holders = [manifest["kind"] for manifest in found if KEY in json.dumps(manifest) or encoded in json.dumps(manifest)]
    assert holders == (["Secret"] if "everything" in value_set.name else [])
    secrets = {manifest["metadata"]["name"] for manifest in of_kind(found, "Secret")}
    for _, pod in pods(found):
        for container in containers(pod):
            read = {
                variable["valueFrom"]["secretKeyRef"]["name"]
                for variable in container.get("env", [])
                if "secretKeyRef" in variable.get("valueFrom", {})
            }
            assert container["name"] == "collector" or not read & secrets


def test_an_existing_secret_replaces_the_charts() -> None:
    """The chart then creates none."""
    found = render(
        {
            "destinations.honeycomb.enabled": True,
            "destinations.honeycomb.existingSecret": "mine",
            "destinations.honeycomb.existingSecretKey": "k",
        }
    )
    assert of_kind(found, "Secret") == []
    _, collector = part(found, "collector")
    assert {"name": "HONEYCOMB_API_KEY", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "k"}}} in collector[
        "env"
    ]


@pytest.mark.parametrize("name", PARTS)
def test_a_digest_pins_the_image(name: str) -> None:
    """It follows the tag, and takes precedence."""
    found = render({f"{name}.image": {"repository": "r.example:5000/a/b", "tag": "1.2", "digest": DIGEST}})
    assert part(found, name)[1]["image"] == f"r.example:5000/a/b:1.2@{DIGEST}"


def annotations(given: Values, kind: str, name: str) -> dict[str, str]:
    """Return the annotations of a part's pods."""
    template = named(render(given), kind, f"{PREFIX}-{name}")["spec"]["template"]
    return dict(template["metadata"].get("annotations", {}))


def test_a_sidecar_daemon_listens_on_loopback() -> None:
    """It signs what it forwards; its image listens on all addresses, and the last flag wins."""
    backend = named(render({"tracing.placement": "sidecar"}), "Deployment", f"{PREFIX}-backend")
    args = named_container(backend["spec"]["template"], "daemon")["args"]
    assert args[-4:] == ["-b", "127.0.0.1:2000", "-t", "127.0.0.1:2000"]


def test_probes_are_never_traced() -> None:
    """Whatever paths another app has for them; a path is named once."""
    paths = {"liveness": "/alive", "readiness": "/ready", "startup": "/alive"}
    given: Values = {f"backend.probes.{probe}.path": path for probe, path in paths.items()}
    backend = named(render({**given, "tracing.excludedPaths": ["/ready"]}), "Deployment", f"{PREFIX}-backend")
    env = named_container(backend["spec"]["template"], "backend")["env"]
    found = {variable["name"]: variable.get("value") for variable in env}["CRUDDUR_TRACING_EXCLUDED_PATHS"]
    assert sorted(found.split(",")) == ["/alive", "/ready"]


@pytest.mark.parametrize(
    ("placement", "kind", "name"), [("node", "DaemonSet", "daemon"), ("sidecar", "Deployment", "backend")]
)
def test_a_changed_daemon_configuration_restarts_its_pods(placement: str, kind: str, name: str) -> None:
    """The checksum is on the pods with the daemon, and on no others."""
    way: Values = {"tracing.placement": placement}
    changed: Values = {**way, "daemon.config": {"Concurrency": 2}}
    before, after = annotations(way, kind, name), annotations(changed, kind, name)
    assert [key for key in after if after[key] != before[key]] == ["checksum/daemon-config"]
    assert pods_that_change(way, changed) == {name}


@pytest.mark.parametrize(
    ("placement", "kind", "name"), [("node", "DaemonSet", "collector"), ("sidecar", "Deployment", "backend")]
)
def test_a_changed_collector_configuration_restarts_its_pods(placement: str, kind: str, name: str) -> None:
    """The checksum is on the pods with the collector, and on no others."""
    way: Values = {"tracing.placement": placement}
    changed: Values = {**way, "collector.batch": {"size": 100}}
    before, after = annotations(way, kind, name), annotations(changed, kind, name)
    assert [key for key in after if after[key] != before[key]] == ["checksum/collector-config"]
    assert pods_that_change(way, changed) == {name}


def test_a_changed_key_restarts_the_collector() -> None:
    """The key is in no configuration, so it has a checksum of its own."""
    one: Values = {"destinations.honeycomb.enabled": True, "destinations.honeycomb.apiKey": "one"}
    assert pods_that_change(one, {**one, "destinations.honeycomb.apiKey": "two"}) == {"collector"}


def pods_that_change(before: Values, after: Values) -> set[str]:
    """Return the components whose pods are others."""

    def templates(given: Values) -> dict[str, Object]:
        return {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for _, pod in pods(render(given))}

    old, new = templates(before), templates(after)
    return {name for name in new if new[name] != old[name]}


@for_each(EVERYTHING)
def test_two_renders_are_equal(value_set: ValueSet) -> None:
    """Nothing is random, so that a diff shows what has changed."""
    assert text(value_set.values) == text(value_set.values, again=True)


@for_each(CASES)
def test_only_mode_none_reads_the_nodes_credentials(value_set: ValueSet) -> None:
    """Mode `none` alone means the node's role."""
    of_node = value_set.values.get("xrayLocal.enabled", True) is False and not any(
        "credentials" in key for key in value_set.values
    )
    for _, pod in pods(value_set.objects):
        for container in containers(pod):
            variables = {variable["name"]: variable for variable in container.get("env", [])}
            if container["name"] in {"daemon", "collector", "operator"}:
                assert ("AWS_EC2_METADATA_DISABLED" in variables) is not of_node


def test_a_limit_in_bytes_is_a_limit() -> None:
    """A quantity may be a number."""
    for limit in (268435456, "256Mi", "268435456", "262144Ki"):
        _, collector = part(render({"collector.resources": {"limits": {"memory": limit}}}), "collector")
        assert {"name": "GOMEMLIMIT", "value": "204MiB"} in collector["env"]


def data(found: list[Object], name: str) -> Any:
    """Return a ConfigMap's data."""
    return named(found, "ConfigMap", f"{PREFIX}-{name}")["data"]


def test_the_daemons_file_has_the_endpoint() -> None:
    """An address cannot be given by an option, so it is in its file."""
    assert data(render(), "daemon") == {"cfg.yaml": "Endpoint: http://demo-cruddur-xray-local:8900\nVersion: 2\n"}
    assert data(render(AWS), "daemon") == {"cfg.yaml": "Version: 2\n"}
