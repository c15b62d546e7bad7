"""The export of AWS's objects as manifests: names, omitted defaults, quoting, and the way back."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from xray_model import Group, InsightsConfiguration, SamplingRateBoost, SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Observed, Value, kind_of, name_of
from xray_operator.manifests.export import Export, export
from xray_operator.manifests.parse import parse
from xray_operator.manifests.yaml_documents import YamlDocument

RULE = SamplingRule(rule_name="checkout", priority=100, fixed_rate=0.1, reservoir_size=1, service_name="checkout")
FULL = SamplingRule(
    rule_name="All fields",
    priority=1,
    fixed_rate=0.0,
    reservoir_size=0,
    service_name="a",
    service_type="b",
    host="c",
    http_method="GET",
    url_path="/d",
    resource_arn="arn:e",
    attributes={"zone": "a"},
    sampling_rate_boost=SamplingRateBoost(max_rate=0.0, cooldown_window_minutes=0),
)
GROUP = Group(
    group_name="slow", filter_expression="responsetime > 5", insights=InsightsConfiguration(insights_enabled=True)
)


def imported(*values: Value, tags: dict[str, str] | None = None, **options: Any) -> Export:
    """Return the export of objects that all have the same tags."""
    objects = [AwsObject(value, f"arn:{kind_of(value)}/{name_of(value)}") for value in values]
    observed = Observed(objects, {aws_object.arn: tags or {} for aws_object in objects})
    return export(objects, observed, **{"cluster_id": "local", "namespace": None, "adopt": False, **options})


def test_exported_rule_omits_defaults() -> None:
    """Its name is in the metadata only."""
    assert imported(RULE).to_yaml() == (
        "apiVersion: xray.cruddur.io/v1alpha1\nkind: XRaySamplingRule\nmetadata:\n  name: checkout\nspec:\n"
        "  priority: 100\n  fixedRate: 0.1\n  reservoirSize: 1\n  serviceName: checkout\n"
    )


def test_exported_default_objects_have_only_their_own_fields() -> None:
    """Two for the rule; only the name for a group without insights."""
    group, rule = imported(default_rule(), Group(group_name="Default")).manifests
    assert rule["metadata"] == group["metadata"] == {"name": "default"}
    assert rule["spec"] == {"ruleName": "Default", "fixedRate": 0.05, "reservoirSize": 1}
    assert group["spec"] == {"groupName": "Default"}


@pytest.mark.parametrize("value", [RULE, FULL, GROUP, default_rule(), Group(group_name="Default")], ids=name_of)
def test_exported_manifest_parses_to_the_same_value(value: Value) -> None:
    """Zeros and nested objects included."""
    [document] = yaml.safe_load_all(imported(value).to_yaml())
    manifest, problems = parse(YamlDocument("import", 1, document))
    assert problems == []
    assert manifest is not None
    assert manifest.value == value


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Slow requests"], ["slow-requests"]),
        (["a b", "A-B", "a_b"], ["a-b", "a-b-2", "a-b-3"]),
        (["*"], ["xraygroup"]),
        (["x" * 32, "X" * 32], ["x" * 32, f"{'x' * 28}-2"]),
    ],
)
def test_name_becomes_a_valid_kubernetes_name(names: list[str], expected: list[str]) -> None:
    """Each is unique, and the spec has the name in AWS."""
    written = imported(*(Group(group_name=name) for name in names)).manifests
    assert sorted(manifest["metadata"]["name"] for manifest in written) == sorted(expected)
    assert sorted(manifest["spec"].get("groupName", manifest["metadata"]["name"]) for manifest in written) == sorted(
        names
    )


def test_changed_name_is_reported_in_one_line() -> None:
    """Invisible characters are escaped."""
    notes = imported(Group(group_name="Slow requests"), Group(group_name="a\nb\u2028"), GROUP).notes
    assert notes == (
        "group 'Slow requests' is named slow-requests: Kubernetes rejects its own name",
        "group 'a\\nb\\u2028' is named a-b: Kubernetes rejects its own name",
    )


@pytest.mark.parametrize("owner", ["shop/Pay now", "Shop/pay", "shop/pay\u2028x: y", "shop/" + "x" * 254, "shop/-"])
def test_owner_that_is_not_a_kubernetes_name_is_kept_and_reported(owner: str) -> None:
    """The command line accepts it, and the tag in AWS has it."""
    found = imported(RULE, tags={OWNER_TAG: f"local/{owner}"})
    shown = owner.replace("\u2028", "\\u2028")
    assert found.notes == (f"rule 'checkout': its owner tag {shown} is not a Kubernetes name",)
    assert found.manifests[0]["metadata"]["name"] == owner.partition("/")[2]
    assert yaml.safe_load(found.to_yaml()) == found.manifests[0]


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "on",
        "y",
        "N",
        "~",
        "null",
        "0x1",
        "0o7",
        "1_0",
        ".5",
        "-.INF",
        "2030-01-31",
        "<<",
        "=",
        "+1",
        "012",
        "1:30",
    ],
)
def test_ambiguous_text_is_quoted(text: str) -> None:
    """Whatever YAML 1.1, PyYAML or Go's readers parse as a number, a date or a boolean."""
    rule = SamplingRule(rule_name=text, priority=1, fixed_rate=0, reservoir_size=0, attributes={text: text})
    written = imported(rule).to_yaml()
    assert f"'{text}': '{text}'\n" in written
    assert yaml.safe_load(written)["spec"]["attributes"] == {text: text}


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\ufeff", "\n", "\t", "\x7f"])
def test_invisible_character_is_escaped(character: str) -> None:
    """Some end a line for some readers."""
    written = imported(replace(RULE, service_name=f"a{character}b")).to_yaml()
    assert f"a{character}b" not in written
    assert yaml.safe_load(written)["spec"]["serviceName"] == f"a{character}b"


@pytest.mark.parametrize("text", ["checkout", "GET", "/api/*", "one", "yesterday", "nullable", "a:b"])
def test_plain_text_is_not_quoted(text: str) -> None:
    """As users write it."""
    assert f"serviceName: {text}\n" in imported(replace(RULE, service_name=text)).to_yaml()


def test_object_of_this_cluster_has_its_name_and_policy_from_its_tags() -> None:
    """Whatever the namespace of the options."""
    tags = {OWNER_TAG: "local/shop/pay", DELETION_TAG: "Orphan"}
    [written] = imported(RULE, tags=tags, namespace="other", adopt=True).manifests
    assert written["metadata"] == {"name": "pay", "namespace": "shop"}
    assert (written["spec"]["ruleName"], written["spec"]["deletionPolicy"]) == ("checkout", "Orphan")
    assert "adoptionPolicy" not in written["spec"]


def test_object_of_another_cluster_is_a_comment() -> None:
    """It is not ours to apply."""
    found = imported(GROUP, tags={OWNER_TAG: "prod/shop/slow"})
    assert found.to_yaml() == "# group 'slow' is owned by prod/shop/slow\n"


def test_unowned_object_can_be_adopted_into_a_namespace() -> None:
    """A default object needs no adoption."""
    rule, default = imported(RULE, default_rule(), namespace="shop", adopt=True).manifests[::-1]
    assert (rule["metadata"]["namespace"], rule["spec"]["adoptionPolicy"]) == ("shop", "IfUnowned")
    assert "adoptionPolicy" not in default["spec"]
