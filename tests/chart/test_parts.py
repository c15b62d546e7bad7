"""Every part has the same keys: what podDefaults sets for all, and what a part of its own sets over that."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.chart.release import (
    COMPONENTS,
    HELM,
    HELM3,
    Object,
    Values,
    components,
    named,
    named_container,
    of_kind,
    pods,
    render,
)

HOOKS = {"cleanup", "crds"}
POD_KEYS: list[tuple[str, Any]] = [
    ("tolerations", [{"operator": "Exists"}]),
    ("affinity", {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}),
    ("topologySpreadConstraints", [{"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]),
    ("priorityClassName", "high"),
    ("runtimeClassName", "gvisor"),
    ("dnsPolicy", "Default"),
    ("dnsConfig", {"nameservers": ["10.0.0.10"]}),
    ("hostAliases", [{"ip": "10.0.0.1", "hostnames": ["registry"]}]),
]


VOLUMES: Values = {
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}, {"name": "tmp", "emptyDir": {"medium": "Memory"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}, {"name": "tmp", "mountPath": "/tmp", "subPath": "a"}],
}
WITHOUT_ID: Values = {"podSecurityContext": {"runAsUser": None, "fsGroup": 2000}}


def given_all(part: str, helm: str = HELM) -> Mapping[str, list[Object]]:
    """Return the pods by their components, of a release in which one part, or podDefaults, has all of the above."""
    given = {**dict(POD_KEYS), **VOLUMES, **WITHOUT_ID}
    return components(render({f"{part}.{key}": value for key, value in given.items()}, helm=helm))


@pytest.mark.parametrize("helm", [HELM, HELM3])
def test_every_part_has_the_keys_of_a_pod(helm: str) -> None:
    """Set for all parts, or for one of them alone."""
    keys = dict(POD_KEYS)
    for pod_list in given_all("podDefaults", helm).values():
        for pod in pod_list:
            assert {key: pod["spec"].get(key) for key in keys} == keys
    for part, own in COMPONENTS.items():
        for component, pod_list in given_all(part, helm).items():
            for pod in pod_list:
                assert (pod["spec"].get("runtimeClassName") == "gvisor") is (component in own), (part, component)
                assert (keys.items() <= pod["spec"].items()) is (component in own), (part, component)


def test_a_pod_requires_linux_and_what_its_part_requires() -> None:
    """A Windows node runs none; null removes the label."""
    for pod_list in components(render({"daemon.nodeSelector": {"pool": "web"}})).values():
        for pod in pod_list:
            is_daemon = pod["metadata"]["labels"]["app.kubernetes.io/component"] == "daemon"
            assert pod["spec"]["nodeSelector"] == {
                "kubernetes.io/os": "linux",
                **({"pool": "web"} if is_daemon else {}),
            }
    without = components(render({"podDefaults.nodeSelector": {"kubernetes.io/os": None}}))
    assert all("nodeSelector" not in pod["spec"] for pod_list in without.values() for pod in pod_list)


@pytest.mark.parametrize("helm", [HELM, HELM3])
@pytest.mark.parametrize("part", ["podDefaults", *COMPONENTS])
def test_null_leaves_an_id_to_the_cluster(part: str, helm: str) -> None:
    """On all pods or on those of a part, hooks and `helm test` among them."""
    found = given_all(part, helm)
    changed = set(found) if part == "podDefaults" else COMPONENTS[part]
    for component, pod_list in found.items():
        for pod in pod_list:
            security = pod["spec"]["securityContext"]
            assert ("runAsUser" not in security) is (component in changed)
            assert security["fsGroup"] == (2000 if component in changed else 10001)
            assert security["runAsNonRoot"] is True


def test_on_openshift_no_pod_has_an_id() -> None:
    """One switch for all pods; what a part sets itself stays."""
    for _, pod in pods(render({"openshift": True, "operator.podSecurityContext": {"fsGroup": 1000650000}})):
        ids = {"runAsUser", "runAsGroup", "fsGroup"} & pod["spec"]["securityContext"].keys()
        is_operator = pod["metadata"]["labels"]["app.kubernetes.io/component"] in COMPONENTS["operator"]
        assert ids == ({"fsGroup"} if is_operator else set())
        assert pod["spec"]["securityContext"].get("fsGroup") in {None, 1000650000}


CONTAINERS = {"xrayLocal": "xray-local", "tests": "test"}


@pytest.mark.parametrize("part", COMPONENTS)
def test_volumes_of_the_users_are_mounted(part: str) -> None:
    """In every part; `tmp` replaces the chart's volume, and a mount at /tmp the chart's mount."""
    found = given_all(part)
    name = CONTAINERS.get(part, part)
    for pod in found[name]:
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        mounts = {mount["mountPath"]: mount for mount in named_container(pod, name)["volumeMounts"]}
        assert [volumes[volume["name"]] for volume in VOLUMES["extraVolumes"]] == VOLUMES["extraVolumes"]
        assert [mounts[mount["mountPath"]] for mount in VOLUMES["extraVolumeMounts"]] == VOLUMES["extraVolumeMounts"]
        assert len(volumes) == len(pod["spec"]["volumes"])
        assert len(mounts) == len(named_container(pod, name)["volumeMounts"])


def test_sidecars_bring_their_volumes() -> None:
    """A volume of all parts is in the backend's pod once, and each sidecar mounts its own as well."""
    given: Values = {
        "tracing.placement": "sidecar",
        "podDefaults.extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "collector.extraVolumes": [{"name": "queue", "emptyDir": {}}],
        "collector.extraVolumeMounts": [{"name": "queue", "mountPath": "/queue"}],
    }
    (pod,) = components(render(given))["backend"]
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == [
        "tmp",
        "daemon-config",
        "ca",
        "collector-config",
        "queue",
    ]
    mounts = [mount["mountPath"] for mount in named_container(pod, "collector")["volumeMounts"]]
    assert mounts == ["/etc/otelcol", "/queue"]


def test_jobs_of_hooks_depend_on_no_object_of_the_users() -> None:
    """After an uninstall a ConfigMap of the release is deleted already, and the Job would wait for it."""
    given = {**VOLUMES, "envFrom": [{"secretRef": {"name": "keys"}}], "extraEnv": [{"name": "A", "value": "b"}]}
    before, after = (components(render(values)) for values in ({}, {"operator": given}))
    assert {name: after[name] for name in HOOKS} == {name: before[name] for name in HOOKS}


def test_a_quota_of_cpu_limits_is_met_by_one_value() -> None:
    """Of all parts, hooks and `helm test`; a part's own memory stays."""
    for _, pod in pods(render({"podDefaults.resources": {"limits": {"cpu": "1"}}, "tests.podLabels": {"mesh": "no"}})):
        for container in pod["spec"]["containers"]:
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    test = named(
        render({"tests.podLabels": {"mesh": "no"}, "tests.resources.limits": {"cpu": "1"}}), "Pod", "demo-cruddur-test"
    )
    assert test["metadata"]["labels"]["mesh"] == "no"
    assert test["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "96Mi"}


def test_common_annotations_are_on_every_object() -> None:
    """Those of a part's Deployment or DaemonSet are on that alone; none of them restarts a pod."""
    own: Values = {"backend.annotations": {"reloader": "true"}, "podDefaults.annotations": {"all": "parts"}}
    options: Values = {
        "commonAnnotations": {"owner": "shop"},
        "destinations.honeycomb": {"enabled": True, "apiKey": "key"},
        "networkPolicy.enabled": True,
        "monitoring": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
        "sampling": {
            "rules": {"a": {"priority": 1, "fixedRate": 1, "reservoirSize": 1}},
            "groups": {"a": {"filterExpression": "fault"}},
        },
        "backend.service.annotations": {"owner": "backend"},
    }
    found = render({**own, **options})
    owners = [manifest["metadata"].get("annotations", {}).get("owner") for manifest in found]
    assert sorted(owners) == ["backend", *["shop"] * (len(found) - 1)]
    workloads = [*of_kind(found, "Deployment"), *of_kind(found, "DaemonSet")]
    assert all(manifest["metadata"]["annotations"]["all"] == "parts" for manifest in workloads)
    reloaded = [
        manifest["metadata"]["name"] for manifest in workloads if "reloader" in manifest["metadata"]["annotations"]
    ]
    assert reloaded == ["demo-cruddur-backend"]
    for manifest in workloads:
        assert "owner" not in manifest["spec"]["template"]["metadata"].get("annotations", {})


EXTRA = {"name": "extra", "image": "extra:1"}


@pytest.mark.parametrize("part", ["backend", "daemon", "collector", "xrayLocal", "operator"])
def test_containers_hooks_and_strategies_of_the_users(part: str) -> None:
    """They come beside the chart's, and replace its strategy and its handler of the same event."""
    handlers = {"preStop": {"exec": {"command": ["true"]}}, "postStart": {"exec": {"command": ["true"]}}}
    values = {
        "initContainers": [EXTRA],
        "extraContainers": [EXTRA | {"name": "beside"}],
        "lifecycle": handlers,
        "strategy": {"type": "OnDelete"},
        "terminationGracePeriodSeconds": 7,
    }
    name = CONTAINERS.get(part, part)
    (workload,) = [
        manifest
        for manifest in render({part: values})
        if manifest["metadata"]["name"] == f"demo-cruddur-{name}" and manifest["kind"] in {"Deployment", "DaemonSet"}
    ]
    spec = workload["spec"]["template"]["spec"]
    assert spec["initContainers"] == [EXTRA]
    assert [container["name"] for container in spec["containers"]] == [name, "beside"]
    assert spec["containers"][0]["lifecycle"] == handlers
    assert spec["terminationGracePeriodSeconds"] == 7
    assert workload["spec"].get("strategy", workload["spec"].get("updateStrategy")) == {"type": "OnDelete"}


def test_extra_objects_are_templates() -> None:
    """As objects, or as texts for what is no YAML before it is rendered."""
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.serviceName }}\n"
    ours = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "{{ .Release.Name }}-own"},
        "data": {"a": "1"},
    }
    found = render({"extraObjects": [ours, account]})
    assert named(found, "ConfigMap", "demo-own") == {**ours, "metadata": {"name": "demo-own"}}
    assert named(found, "ServiceAccount", "demo-backend-flask")


def test_without_a_number_the_deployment_has_no_replicas() -> None:
    """KEDA, Argo Rollouts or `kubectl scale` own the field; 0 is a number."""
    for number, expected in ((None, None), (0, 0), (3, 3)):
        deployment = named(render({"backend.replicas": number}), "Deployment", "demo-cruddur-backend")
        assert deployment["spec"].get("replicas") == expected


def images(found: list[Object]) -> Iterator[str]:
    """Yield the image of each container."""
    for _, pod in pods(found):
        yield from (container["image"] for container in pod["spec"]["containers"])


@pytest.mark.parametrize("registry", ["mirror.example:5000", "mirror.example:5000/"])
def test_one_registry_for_all_images(registry: str) -> None:
    """It replaces the registry that a repository names, and keeps the rest of it."""
    given: Values = {
        "global.imageRegistry": registry,
        "operator.image.repository": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tools/xray-operator",
        "xrayLocal.image.repository": "localhost/xray-local",
    }
    assert {image.rpartition(":")[0] for image in images(render(given))} == {
        "mirror.example:5000/cruddur-backend",
        "mirror.example:5000/xray/aws-xray-daemon",
        "mirror.example:5000/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib",
        "mirror.example:5000/xray-local",
        "mirror.example:5000/tools/xray-operator",
    }


def test_global_pull_secrets_are_used_by_every_pod() -> None:
    """Names or objects, before the chart's own, and each once."""
    given: Values = {
        "global.imagePullSecrets": ["all", {"name": "both"}],
        "imagePullSecrets": [{"name": "both"}, {"name": "own"}],
    }
    expected = [{"name": "all"}, {"name": "both"}, {"name": "own"}]
    assert all(pod["spec"]["imagePullSecrets"] == expected for _, pod in pods(render(given)))
