"""What the chart and another file both say is the same."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.chart.release import named, named_container, of_kind, render
from tests.chart.test_kubernetes import OWN, complaint
from tools.chart.values import CHART
from tools.provide import ROOT

CHART_FILE: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
PARTS = ("", "backend/", "operator/", "xray-local/", "libs/xray-model/", "libs/tracing/")


@pytest.mark.parametrize("part", PARTS)
def test_chart_and_packages_have_one_version(part: str) -> None:
    """The images are tagged with it."""
    version = tomllib.loads((ROOT / f"{part}pyproject.toml").read_text())["project"]["version"]
    assert (CHART_FILE["version"], CHART_FILE["appVersion"]) == (version, version)


@pytest.mark.parametrize(
    ("value", "service"),
    [
        ("backend", "cruddur-backend"),
        ("daemon", "cruddur-agent"),
        ("collector", "cruddur-collector"),
        ("xrayLocal", "cruddur-xray-local"),
    ],
)
def test_chart_and_compose_run_the_same_images(value: str, service: str) -> None:
    """Ours by the version, the others by the tag that the tests have run."""
    image = DEFAULTS[value]["image"]
    composed = re.sub(r"\$\{TAG:-(.+)\}", r"\1", COMPOSE[service]["image"])
    assert f"{image['repository']}:{image['tag'] or CHART_FILE['appVersion']}" == composed


def test_chart_and_compose_have_one_service_name() -> None:
    """It is in spans, segments, rules and groups."""
    assert DEFAULTS["serviceName"] == COMPOSE["cruddur-backend"]["environment"]["OTEL_SERVICE_NAME"]


def test_the_operator_has_the_rights_of_its_tests() -> None:
    """The integration tests run it with the rules of this file, for the whole cluster or for namespaces."""
    rules = yaml.safe_load((CHART / "files/operator-rules.yaml").read_text())
    assert named(render(), "ClusterRole", "shop.demo-cruddur-operator")["rules"] == rules
    roles = [
        manifest
        for manifest in of_kind(render({"operator.namespaces": ["shop", "kitchen"]}), "Role")
        if manifest["metadata"]["name"] == "demo-cruddur-operator"
    ]
    assert {role["metadata"]["namespace"]: role["rules"] for role in roles} == {"shop": rules, "kitchen": rules}


def test_the_operator_may_write_its_own_lease_alone() -> None:
    """In the release's namespace, also when it serves others; to create it is limited to its name as well."""
    found = render({"operator.namespaces": ["kitchen"]})
    [rule] = named(found, "Role", "demo-cruddur-operator-lease")["rules"]
    env = named_container(named(found, "Deployment", "demo-cruddur-operator")["spec"]["template"], "operator")["env"]
    [lease] = [variable["value"] for variable in env if variable["name"] == "XRAY_OPERATOR_LEASE"]
    assert lease == "shop/demo-cruddur-operator"
    assert (rule["verbs"], rule["resourceNames"]) == (["get", "create", "update"], [lease.partition("/")[2]])
    assert "spec" not in named(found, "Lease", lease.partition("/")[2])
    assert not of_kind(render({"operator.lease.create": False}), "Lease")
    [subject] = named(found, "RoleBinding", "demo-cruddur-operator-lease")["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": "demo-cruddur-operator", "namespace": "shop"}


def test_rules_of_the_release_are_of_its_operators_class() -> None:
    """Unless they name another one; the Job after an uninstall leaves the resources of other classes alone."""
    rules = {"plain": {"fixedRate": 0.1}, "other": {"class": "us"}}
    found = render({"operator.class": "eu", "sampling.rules": rules})
    specs = {manifest["metadata"]["name"]: manifest["spec"] for manifest in of_kind(found, "XRaySamplingRule")}
    assert specs == {"plain": {"class": "eu", "fixedRate": 0.1}, "other": {"class": "us"}}
    job = named(found, "Job", "demo-cruddur-cleanup-release")
    assert "--class=eu" in job["spec"]["template"]["spec"]["containers"][0]["args"]


def test_two_operators_roll_without_a_gap_and_are_evicted_one_by_one() -> None:
    """Each has its pod's name in the Lease; one operator alone may be evicted, and its successor comes first."""
    one, two = render(), render({"operator.replicas": 2})
    budgets = [manifest["metadata"]["name"] for manifest in of_kind(one, "PodDisruptionBudget")]
    assert "demo-cruddur-operator" not in budgets
    assert named(two, "PodDisruptionBudget", "demo-cruddur-operator")["spec"]["maxUnavailable"] == 1
    spec = named(two, "Deployment", "demo-cruddur-operator")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    env = named_container(spec["template"], "operator")["env"]
    [identity] = [variable for variable in env if variable["name"] == "XRAY_OPERATOR_IDENTITY"]
    assert identity["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_artifact_hub_lists_every_crd() -> None:
    """The annotation lists what is in crds/."""
    listed = yaml.safe_load(CHART_FILE["annotations"]["artifacthub.io/crds"])
    crds = [yaml.safe_load(file.read_text()) for file in (CHART / "crds").iterdir()]
    there = {
        (crd["spec"]["names"]["kind"], crd["spec"]["versions"][0]["name"], crd["metadata"]["name"]) for crd in crds
    }
    assert {(crd["kind"], crd["version"], crd["name"]) for crd in listed} == there


def test_artifact_hub_lists_every_image() -> None:
    """By the name of its part, with the chart's own tag."""
    listed = yaml.safe_load(CHART_FILE["annotations"]["artifacthub.io/images"])
    names = {"backend": "backend", "daemon": "daemon", "collector": "collector", "operator": "operator"}
    images = {
        name: f"{image['repository']}:{image['tag'] or CHART_FILE['appVersion']}"
        for name, image in (
            (name, DEFAULTS[value]["image"]) for name, value in {**names, "xray-local": "xrayLocal"}.items()
        )
    }
    assert {entry["name"]: entry["image"] for entry in listed} == images


def test_artifact_hub_has_a_valid_example_of_each_resource() -> None:
    """Each has a spec that its CRD accepts."""
    examples = yaml.safe_load(CHART_FILE["annotations"]["artifacthub.io/crdsExamples"])
    assert [complaint(json.dumps(example)) for example in examples] == ["", ""]
    assert {(example["apiVersion"], example["kind"]) for example in examples} == set(OWN)
