"""What the API server refuses by itself, in words that help, and what it fills in. No operator takes part."""

from typing import Any

import pytest
import yaml

from tests.integration.operator.bench import group, rule
from tools.local_cluster import Cluster
from xray_operator.manifests.kinds import GROUP, RULE

pytestmark = pytest.mark.process
LONG = "x" * 33


def dry_run(cluster: Cluster, manifest: dict[str, Any]) -> str:
    """Apply without storing, and give what kubectl says."""
    text = yaml.safe_dump(manifest)
    return cluster.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", text=text, check=False)


REFUSED = [
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
    (group(LONG), "metadata.name has more than 32 characters, AWS's limit: set spec.groupName"),
    (group(groupName="Default"), "the Default group has no filterExpression"),
    (group(updateStrategy="Never"), 'supported values: "InPlace", "Recreate"'),
    (
        group(insightsConfiguration={"notificationsEnabled": True}),
        "insightsConfiguration.notificationsEnabled needs insightsEnabled: true",
    ),
]


@pytest.mark.parametrize(("manifest", "message"), REFUSED)
def test_what_aws_would_refuse_is_refused_at_once(api_server: Cluster, manifest: dict[str, Any], message: str) -> None:
    """The message names the field, the value and what was expected."""
    assert message in dry_run(api_server, manifest)


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
def test_what_aws_takes_is_taken(api_server: Cluster, manifest: dict[str, Any]) -> None:
    """Up to each limit."""
    assert "serverside-applied" in dry_run(api_server, manifest).replace(" (server dry run)", "")


@pytest.mark.parametrize(
    ("manifest", "change", "message"),
    [
        (rule("fixed-1", ruleName="one"), {"ruleName": "two"}, "ruleName cannot change: AWS cannot rename a rule"),
        (rule("fixed-2", ruleName="one"), {"ruleName": None}, "ruleName cannot be added or removed later"),
        (rule("fixed-3"), {"ruleName": "two"}, "ruleName cannot be added or removed later"),
        (rule("fixed-4", version=1), {"version": 2}, "version cannot change"),
        (group("fixed-5", groupName="one"), {"groupName": "two"}, "groupName cannot change: AWS cannot rename"),
    ],
)
def test_what_aws_cannot_change_is_fixed(
    api_server: Cluster, manifest: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    """Names and the version are kept from the first day on."""
    namespaced = {**manifest, "metadata": {**manifest["metadata"], "namespace": "kube-public"}}
    observed = {**namespaced, "spec": {**namespaced["spec"], "managementPolicy": "Observe"}}
    api_server.kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump(observed))
    patch = yaml.safe_dump({"spec": change}).replace("'", "")
    kind = "xsr" if manifest["kind"] == "XRaySamplingRule" else "xg"
    name = manifest["metadata"]["name"]
    said = api_server.kubectl(
        "patch", kind, name, "-n", "kube-public", "--type=merge", f"--patch={patch}", "--dry-run=server", check=False
    )
    assert message in said


def test_what_is_left_out_gets_its_default(api_server: Cluster) -> None:
    """So that `kubectl get -o yaml` shows the whole truth."""
    text = yaml.safe_dump(rule())
    told = api_server.kubectl("apply", "--server-side", "--dry-run=server", "-o", "json", "-f", "-", text=text)
    spec = yaml.safe_load(told)["spec"]
    assert spec == {
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


@pytest.mark.parametrize("kind", [RULE, GROUP], ids=["xsr", "xg"])
def test_kubectl_explain_tells_each_field(api_server: Cluster, kind: Any) -> None:
    """With AWS's name and what it means."""
    told = " ".join(api_server.kubectl("explain", f"{kind.short_name}.spec").split())
    for one in kind.fields:
        assert f"{one.name} <" in told
        assert f"{one.text[0].upper()}{one.text[1:]}" in told


def test_the_kinds_have_short_names_and_one_category(api_server: Cluster) -> None:
    """`kubectl get xray` shows both."""
    told = api_server.kubectl("api-resources", "--api-group=xray.cruddur.io", "--categories=xray", "--no-headers")
    assert [line.split()[:2] for line in told.splitlines()] == [["xraygroups", "xg"], ["xraysamplingrules", "xsr"]]


def test_a_manifest_of_unknown_fields_is_refused(api_server: Cluster) -> None:
    """kubectl asks the API server to be strict."""
    assert ".spec.fixedrate: field not declared in schema" in dry_run(api_server, rule(fixedrate=1))


def test_the_examples_are_taken(api_server: Cluster) -> None:
    """By the API server as by the command line."""
    said = api_server.kubectl("apply", "--server-side", "--dry-run=server", "-f", "examples")
    assert said.count("serverside-applied") == 2
