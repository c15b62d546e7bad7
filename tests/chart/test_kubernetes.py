"""Every object that the chart makes is one that Kubernetes knows, field by field."""

import json
import re
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import CASES, EVERYTHING
from tests.chart.release import KUBERNETES, Object, render
from tools.chart.schema import strict
from tools.chart.values import CHART

# Kinds of others, whose schemas are not at hand: the fields of their specs that the chart sets.
FOREIGN: dict[tuple[str, str], set[str]] = {
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {"selector", "targetLabels", "endpoints"},
    ("monitoring.coreos.com/v1", "PodMonitor"): {"selector", "podTargetLabels", "podMetricsEndpoints"},
    ("monitoring.coreos.com/v1", "PrometheusRule"): {"groups"},
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): {"parentRefs", "hostnames", "rules"},
}


def own() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the schemas of our own resources."""
    found = {}
    for file in (CHART / "crds").iterdir():
        spec = yaml.safe_load(file.read_text())["spec"]
        (version,) = spec["versions"]
        schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = strict(schema)
    return found


OWN = own()


@cache
def complaint(text: str, kubernetes: str = KUBERNETES) -> str:
    """Say what is wrong with an object, or nothing."""
    manifest = json.loads(text)
    kind = manifest["apiVersion"], manifest["kind"]
    try:
        if kind in OWN:
            jsonschema.validate(manifest["spec"], OWN[kind])
        elif kind in FOREIGN:
            return ", ".join(
                sorted(
                    set(manifest["spec"]) - FOREIGN[kind]
                    | {key for key in manifest["spec"] if not manifest["spec"][key]}
                )
            )
        else:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)
    except jsonschema.ValidationError as error:
        return f"{error.json_path}: {error.message}"
    return ""


@for_each(CASES)
def test_every_object_is_valid(value_set: ValueSet) -> None:
    """Against the strict schemas of Kubernetes 1.34, and those of our CRDs."""
    found = {
        (manifest["kind"], manifest["metadata"]["name"]): complaint(json.dumps(manifest))
        for manifest in value_set.objects
    }
    assert {name: what for name, what in found.items() if what} == {}


@for_each(EVERYTHING)
def test_the_oldest_kubernetes_has_every_field(value_set: ValueSet) -> None:
    """The lowest version that Chart.yaml allows."""
    oldest = re.sub("[^0-9.]", "", yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"].partition("-")[0])
    assert oldest == "1.30.0"
    for manifest in value_set.objects:
        assert complaint(json.dumps(manifest), oldest) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replica": 1}, "$.spec: Additional properties are not allowed ('replica' was unexpected)"),
        ({"replicas": "1"}, "$.spec.replicas: '1' is not of type 'integer', 'null'"),
    ],
)
def test_a_wrong_object_is_found(change: Object, message: str) -> None:
    """A check that never fails would prove nothing."""
    (deployment,) = [
        manifest
        for manifest in render()
        if manifest["metadata"]["name"] == "demo-cruddur-operator" and manifest["kind"] == "Deployment"
    ]
    changed = {**deployment, "spec": {**deployment["spec"], **change}}
    assert complaint(json.dumps(changed)) == message


def test_a_wrong_rule_is_found() -> None:
    """The CRD's own limits hold."""
    rule = {"apiVersion": "xray.cruddur.io/v1alpha1", "kind": "XRaySamplingRule", "spec": {"priority": 0}}
    assert complaint(json.dumps(rule)) == "$.priority: 0 is less than the minimum of 1"
