"""Every pod of the chart passes Pod Security `restricted`, those of hooks and tests too."""

from typing import Any

import pytest

from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import CASES, HOST_PORT
from tests.chart.pod_security import violations
from tests.chart.release import pods

SAFE: dict[str, Any] = {
    "name": "a",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
POD: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@for_each({name: values for name, values in CASES.items() if name not in HOST_PORT})
def test_every_pod_is_restricted(value_set: ValueSet) -> None:
    """Whatever is switched on."""
    found = {manifest["metadata"]["name"]: violations(pod) for manifest, pod in pods(value_set.objects)}
    assert {name: what for name, what in found.items() if what} == {}
    assert found


@for_each(HOST_PORT)
def test_a_host_port_is_the_one_exception(value_set: ValueSet) -> None:
    """It must be enabled, and violates no other control."""
    found = {manifest["metadata"]["name"]: violations(pod) for manifest, pod in pods(value_set.objects)}
    agent = value_set.name.rpartition("-")[2]
    assert {name: what for name, what in found.items() if what} == {f"demo-cruddur-{agent}": [f"{agent}: ports"]}


@for_each({name: values for name, values in CASES.items() if name != "kind-dev-values"})  # syncs files into a pod
def test_every_pod_has_a_numeric_user_and_a_read_only_root(value_set: ValueSet) -> None:
    """More than `restricted` requires: the kubelet cannot verify that a name is not root."""
    for _, pod in pods(value_set.objects):
        assert pod["spec"]["securityContext"]["runAsUser"] == 10001
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def spec(more: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    """Return a pod that passes, with something changed."""
    return {"spec": {"securityContext": POD, "containers": [{**SAFE, **container}], **(more or {})}}


def security(**more: Any) -> dict[str, Any]:
    """Return a safe container's security context with something changed."""
    return {**SAFE["securityContext"], **more}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (spec(), []),
        (spec({"hostNetwork": True}), ["hostNetwork"]),
        (spec({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}), ["volumes"]),
        (spec({"securityContext": {}}), ["a: securityContext.runAsNonRoot", "a: securityContext.seccompProfile.type"]),
        (spec({"securityContext": {**POD, "runAsUser": 0}}), ["securityContext.runAsUser"]),
        (spec({"securityContext": {**POD, "sysctls": [{"name": "kernel.msgmax"}]}}), ["securityContext.sysctls"]),
        (spec({"initContainers": [{"name": "i", **SAFE, "ports": [{"hostPort": 1}]}]}), ["a: ports"]),
        (spec(ports=[{"containerPort": 1, "hostPort": 1}]), ["a: ports"]),
        (spec(securityContext=security(privileged=True)), ["a: securityContext.privileged"]),
        (spec(securityContext=security(runAsNonRoot=False)), ["a: securityContext.runAsNonRoot"]),
        (spec(securityContext=security(procMount="Unmasked")), ["a: securityContext.procMount"]),
        (spec(livenessProbe={"httpGet": {"host": "b"}}), ["a: livenessProbe.httpGet.host"]),
        (
            spec(securityContext={"capabilities": {"add": ["NET_ADMIN"]}}),
            [
                "a: securityContext.allowPrivilegeEscalation",
                "a: securityContext.capabilities.drop",
                "a: securityContext.capabilities.add",
            ],
        ),
    ],
)
def test_the_table_finds_what_is_not_restricted(pod: dict[str, Any], expected: list[str]) -> None:
    """A check that never fails would prove nothing."""
    assert violations(pod) == expected
