"""What AWS holds, written as manifests: names, what is left out, and that reading gives back what was written."""

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
    """Import objects that all carry the same tags."""
    held = [AwsObject(one, f"arn:{kind_of(one)}/{name_of(one)}") for one in values]
    observed = Observed(held, {one.arn: tags or {} for one in held})
    return export(held, observed, **{"cluster_id": "local", "namespace": None, "adopt": False, **options})


def test_a_rule_has_what_is_not_at_its_default() -> None:
    """Its name stands in the metadata alone."""
    assert imported(RULE).to_yaml() == (
        "apiVersion: xray.cruddur.io/v1alpha1\nkind: XRaySamplingRule\nmetadata:\n  name: checkout\nspec:\n"
        "  priority: 100\n  fixedRate: 0.1\n  reservoirSize: 1\n  serviceName: checkout\n"
    )


def test_the_defaults_have_only_what_they_may_have() -> None:
    """Two fields for the rule; nothing but its name for a group without insights."""
    group, rule = imported(default_rule(), Group(group_name="Default")).manifests
    assert rule["metadata"] == group["metadata"] == {"name": "default"}
    assert rule["spec"] == {"ruleName": "Default", "fixedRate": 0.05, "reservoirSize": 1}
    assert group["spec"] == {"groupName": "Default"}


@pytest.mark.parametrize("value", [RULE, FULL, GROUP, default_rule(), Group(group_name="Default")], ids=name_of)
def test_what_is_written_reads_as_the_same_value(value: Value) -> None:
    """Zeros and inner objects included."""
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
def test_a_name_becomes_one_that_kubernetes_takes(names: list[str], expected: list[str]) -> None:
    """Each once, and the true name is kept in the spec."""
    written = imported(*(Group(group_name=name) for name in names)).manifests
    assert sorted(one["metadata"]["name"] for one in written) == sorted(expected)
    assert sorted(one["spec"].get("groupName", one["metadata"]["name"]) for one in written) == sorted(names)


def test_a_name_that_is_another_one_is_told_in_one_line() -> None:
    """With what cannot be seen in it written out."""
    notes = imported(Group(group_name="Slow requests"), Group(group_name="a\nb\u2028"), GROUP).notes
    assert notes == (
        "group 'Slow requests' is named slow-requests: Kubernetes rejects its own name",
        "group 'a\\nb\\u2028' is named a-b: Kubernetes rejects its own name",
    )


@pytest.mark.parametrize("owner", ["shop/Pay now", "Shop/pay", "shop/pay\u2028x: y", "shop/" + "x" * 254, "shop/-"])
def test_an_owners_name_that_kubernetes_refuses_is_kept_and_told(owner: str) -> None:
    """The command line takes it, and the tag in AWS has it."""
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
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    """Whatever of it YAML 1.1, PyYAML or Go's readers take for a number, a date or a boolean."""
    rule = SamplingRule(rule_name=text, priority=1, fixed_rate=0, reservoir_size=0, attributes={text: text})
    written = imported(rule).to_yaml()
    assert f"'{text}': '{text}'\n" in written
    assert yaml.safe_load(written)["spec"]["attributes"] == {text: text}


@pytest.mark.parametrize("letter", ["\x85", "\u2028", "\ufeff", "\n", "\t", "\x7f"])
def test_a_letter_that_cannot_be_seen_is_written_out(letter: str) -> None:
    """Some end a line for one reader and not for another."""
    written = imported(replace(RULE, service_name=f"a{letter}b")).to_yaml()
    assert f"a{letter}b" not in written
    assert yaml.safe_load(written)["spec"]["serviceName"] == f"a{letter}b"


@pytest.mark.parametrize("text", ["checkout", "GET", "/api/*", "one", "yesterday", "nullable", "a:b"])
def test_a_plain_text_stays_plain(text: str) -> None:
    """As people write it."""
    assert f"serviceName: {text}\n" in imported(replace(RULE, service_name=text)).to_yaml()


def test_what_is_this_clusters_gets_its_name_and_policy_back() -> None:
    """From its tags, whatever namespace is asked for."""
    tags = {OWNER_TAG: "local/shop/pay", DELETION_TAG: "Orphan"}
    [written] = imported(RULE, tags=tags, namespace="other", adopt=True).manifests
    assert written["metadata"] == {"name": "pay", "namespace": "shop"}
    assert (written["spec"]["ruleName"], written["spec"]["deletionPolicy"]) == ("checkout", "Orphan")
    assert "adoptionPolicy" not in written["spec"]


def test_what_belongs_to_another_cluster_is_a_comment() -> None:
    """It is not ours to apply."""
    found = imported(GROUP, tags={OWNER_TAG: "prod/shop/slow"})
    assert found.to_yaml() == "# group 'slow' is owned by prod/shop/slow\n"


def test_what_has_no_owner_can_be_adopted_into_a_namespace() -> None:
    """But nobody adopts a default."""
    rule, default = imported(RULE, default_rule(), namespace="shop", adopt=True).manifests[::-1]
    assert (rule["metadata"]["namespace"], rule["spec"]["adoptionPolicy"]) == ("shop", "IfUnowned")
    assert "adoptionPolicy" not in default["spec"]
