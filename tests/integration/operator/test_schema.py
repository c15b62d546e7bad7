"""The CRDs' schema and CEL rules on a real API server: rejections, defaults, the status, and kubectl. No operator."""

from typing import Any

import pytest
import yaml

from tests.integration.operator.fixture import group, resource_path, rule
from tests.waiting import until
from tools.local_cluster import ApiError, Cluster
from xray_operator.kubernetes.crds import STATUS
from xray_operator.manifests.kinds import GROUP, RULE

pytestmark = pytest.mark.process
LONG = "x" * 33
NAMESPACE = "default"


def apply(cluster: Cluster, manifest: dict[str, Any], *, dry_run: bool = True) -> dict[str, Any]:
    """Apply a manifest server-side and return the object; ApiError if it is rejected."""
    options = "fieldManager=test&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
    path = f"{resource_path(manifest, NAMESPACE)}?{options}"
    return dict(cluster.admin.call("PATCH", path, manifest, "application/apply-patch+yaml"))


def merge(cluster: Cluster, manifest: dict[str, Any], patch: dict[str, Any], part: str = "") -> dict[str, Any]:
    """Merge a patch into an object or its subresource and return the object; ApiError if it is rejected."""
    path = resource_path(manifest, NAMESPACE) + part
    return dict(cluster.admin.call("PATCH", path, patch, "application/merge-patch+json"))


INVALID = [
    (rule(priority=0), "spec.priority: Invalid value: 0: spec.priority in body should be greater than or equal to 1"),
    (rule(priority=10000), "spec.priority in body should be less than or equal to 9999"),
    (rule(priority=None), "priority is required (only the Default rule may omit it)"),
    (rule(fixedRate=1.5), "spec.fixedRate in body should be less than or equal to 1"),
    (rule(fixedRate=-0.1), "spec.fixedRate in body should be greater than or equal to 0"),
    (rule(fixedRate="half"), ".spec.fixedRate: expected numeric (int or float), got string"),
    (rule(fixedRate=None), "fixedRate is required (only the Default rule may omit it)"),
    (rule(reservoirSize=-1), "spec.reservoirSize in body should be greater than or equal to 0"),
    (rule(reservoirSize=None), "reservoirSize is required (only the Default rule may omit it)"),
    (rule(ruleName=LONG), "spec.ruleName: Too long: may not be more than 32 bytes"),
    (rule(ruleName=""), "spec.ruleName in body should be at least 1 chars long"),
    (rule(LONG), "metadata.name has more than 32 characters, AWS's limit: set spec.ruleName"),
    (rule(serviceName="x" * 65), "spec.serviceName: Too long: may not be more than 64 bytes"),
    (rule(serviceType="x" * 65), "spec.serviceType: Too long: may not be more than 64 bytes"),
    (rule(host="x" * 65), "spec.host: Too long: may not be more than 64 bytes"),
    (rule(httpMethod="x" * 11), "spec.httpMethod: Too long: may not be more than 10 bytes"),
    (rule(urlPath="x" * 129), "spec.urlPath: Too long: may not be more than 128 bytes"),
    (rule(resourceARN="x" * 501), "spec.resourceARN: Too long: may not be more than 500 bytes"),
    (rule(attributes={str(n): "a" for n in range(6)}), "spec.attributes: Too many: 6: must have at most 5 items"),
    (rule(attributes={"": "a"}), "attributes: a key has 1 to 32 characters"),
    (rule(attributes={LONG: "a"}), "attributes: a key has 1 to 32 characters"),
    (rule(attributes={"a": LONG}), "spec.attributes.a: Too long: may not be more than 32 bytes"),
    (rule(samplingRateBoost={"maxRate": 0.5}), "spec.samplingRateBoost.cooldownWindowMinutes: Required value"),
    (
        rule(samplingRateBoost={"maxRate": 2, "cooldownWindowMinutes": 1}),
        "spec.samplingRateBoost.maxRate in body should be less than or equal to 1",
    ),
    (rule(version=0), "spec.version in body should be greater than or equal to 1"),
    (rule(ruleName="Default"), "the Default rule has only fixedRate and reservoirSize: no priority, no patterns"),
    (
        rule(ruleName="Default", priority=None, host="a"),
        "the Default rule has only fixedRate and reservoirSize: no priority, no patterns",
    ),
    (rule(deletionPolicy="Keep"), 'Unsupported value: "Keep": supported values: "Delete", "Orphan"'),
    (rule(adoptionPolicy="Always"), 'supported values: "Never", "IfUnowned", "Force"'),
    (rule(managementPolicy="Look"), 'supported values: "Manage", "Observe"'),
    (rule(suspend="yes"), ".spec.suspend: expected boolean, got &{yes}"),
    (rule(expiresAt="tomorrow"), "spec.expiresAt in body must be of type date-time"),
    (group(groupName=LONG), "spec.groupName: Too long: may not be more than 32 bytes"),
    (
        rule("a" * 128, ruleName="x"),
        "metadata.name has more than 127 characters: the owner tag in AWS would be too long",
    ),
    (group(LONG), "metadata.name has more than 32 characters, AWS's limit: set spec.groupName"),
    (group(groupName="Default"), "the Default group has no filterExpression"),
    (group(updateStrategy="Never"), 'supported values: "InPlace", "Recreate"'),
    (
        group(insightsConfiguration={"notificationsEnabled": True}),
        "insightsConfiguration.notificationsEnabled needs insightsEnabled: true",
    ),
]


@pytest.mark.parametrize(("manifest", "message"), INVALID)
def test_invalid_spec_is_rejected(api_server: Cluster, manifest: dict[str, Any], message: str) -> None:
    """The message names the field, the value and what was expected."""
    with pytest.raises(ApiError) as raised:
        apply(api_server, manifest)
    assert message in raised.value.message


@pytest.mark.parametrize(
    "manifest",
    [
        rule("x" * 32, priority=1, fixedRate=0, reservoirSize=0),
        rule(LONG, ruleName="Spaces and Ünïcode", priority=9999, fixedRate=1),
        rule(attributes={"a" * 32: "b" * 32}, samplingRateBoost={"maxRate": 1, "cooldownWindowMinutes": 0}),
        rule(ruleName="Default", priority=None),
        rule(expiresAt="2030-01-31T12:00:00+01:00"),
        group(groupName="Default", filterExpression=None, insightsConfiguration={"insightsEnabled": True}),
        group(insightsConfiguration={"insightsEnabled": True, "notificationsEnabled": True}),
    ],
)
def test_valid_spec_is_accepted(api_server: Cluster, manifest: dict[str, Any]) -> None:
    """Up to each of AWS's limits."""
    assert apply(api_server, manifest)["spec"].keys() >= manifest["spec"].keys()


@pytest.mark.parametrize(
    ("manifest", "change", "message"),
    [
        (rule("fixed-1", ruleName="one"), {"ruleName": "two"}, "ruleName cannot change: AWS cannot rename a rule"),
        (rule("fixed-2", ruleName="one"), {"ruleName": None}, "ruleName cannot be added or removed later"),
        (rule("fixed-3"), {"ruleName": "two"}, "ruleName cannot be added or removed later"),
        (rule("fixed-4", version=1), {"version": 2}, "version cannot change"),
        (group("fixed-5", groupName="one"), {"groupName": "two"}, "groupName cannot change: AWS cannot rename"),
        (rule("fixed-6", **{"class": "eu"}), {"class": "us"}, "class cannot change"),
        (rule("fixed-7", **{"class": "eu"}), {"class": None}, "class cannot be added or removed later"),
        (group("fixed-8"), {"class": "eu"}, "class cannot be added or removed later"),
    ],
)
def test_immutable_field_cannot_change(
    api_server: Cluster, manifest: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    """The name in AWS, the version, and the class."""
    apply(api_server, manifest, dry_run=False)
    with pytest.raises(ApiError) as raised:
        merge(api_server, manifest, {"spec": change})
    api_server.admin.call("DELETE", resource_path(manifest, NAMESPACE))
    assert message in raised.value.message


def test_omitted_fields_have_their_defaults(api_server: Cluster) -> None:
    """`kubectl get -o yaml` shows the complete spec."""
    assert apply(api_server, rule())["spec"] == {
        "priority": 100,
        "fixedRate": 0.1,
        "reservoirSize": 1,
        **dict.fromkeys(("serviceName", "serviceType", "host", "httpMethod", "urlPath", "resourceARN"), "*"),
        "version": 1,
        "deletionPolicy": "Delete",
        "adoptionPolicy": "Never",
        "managementPolicy": "Manage",
        "suspend": False,
    }


@pytest.mark.parametrize("manifest", [rule("full"), group("full")], ids=["xsr", "xg"])
def test_every_field_of_the_status_is_stored(api_server: Cluster, manifest: dict[str, Any]) -> None:
    """The schema of the status drops none that the operator writes."""
    apply(api_server, manifest, dry_run=False)
    condition = {"type": "Ready", "status": "Unknown", "reason": "Unknown", "message": "", "observedGeneration": 1}
    status = {
        "observedGeneration": 1,
        "name": "full",
        "arn": "arn:1",
        "conditions": [{**condition, "lastTransitionTime": "2026-01-01T12:00:00Z"}],
        "before": "{}",
        "drift": [{"field": "attributes", "desired": '{"a": "ü"}', "actual": "null"}],
        "lint": ["never applies"],
        "quota": "2/25",
        "statistics": {"requests": 10, "sampled": 5, "borrowed": 1, "time": "2026-01-01T12:00:00Z"},
        "lastHandledReconcileAt": "token",
        "operator": "cluster eu-west-1",
    }
    stored = merge(api_server, manifest, {"status": status}, "/status")["status"]
    api_server.admin.call("DELETE", resource_path(manifest, NAMESPACE))
    assert stored == status
    assert set(status) == set(STATUS)


@pytest.mark.parametrize("kind", [RULE, GROUP], ids=["xsr", "xg"])
def test_kubectl_explain_describes_each_field(api_server: Cluster, kind: Any) -> None:
    """With AWS's name and the meaning. The API server describes a kind a little later than it serves it."""
    command = ("explain", f"{kind.short_name}.spec")
    described = until(lambda: api_server.kubectl(*command, check=False), f"kubectl {' '.join(command)}", pause=0.2)
    output = " ".join(described.split())
    for field in kind.fields:
        assert f"{field.name} <" in output
        assert f"{field.text[0].upper()}{field.text[1:]}" in output


def test_kinds_have_short_names_and_a_category(api_server: Cluster) -> None:
    """`kubectl get xray` lists both."""
    output = api_server.kubectl("api-resources", "--api-group=xray.cruddur.io", "--categories=xray", "--no-headers")
    assert [line.split()[:2] for line in output.splitlines()] == [["xraygroups", "xg"], ["xraysamplingrules", "xsr"]]


def test_kubectl_apply_rejects_an_unknown_field(api_server: Cluster) -> None:
    """It requests strict validation."""
    text = yaml.safe_dump(rule(fixedrate=1))
    output = api_server.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", text=text, check=False)
    assert ".spec.fixedrate: field not declared in schema" in output


def test_examples_are_accepted(api_server: Cluster) -> None:
    """By the API server as by the command line."""
    output = api_server.kubectl("apply", "--server-side", "--dry-run=server", "-f", "examples")
    assert output.count("serverside-applied") == 2
