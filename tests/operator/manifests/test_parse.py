"""Loading manifests: their values, and one line for each problem."""

from pathlib import Path

import pytest

from xray_model import DEFAULT_RULE_NAME, Group, InsightsConfiguration, SamplingRateBoost, SamplingRule, default_rule
from xray_operator.manifests.load import ManifestError, load
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy
from xray_operator.manifests.yaml_documents import BYTES_MAX

RULE = """\
apiVersion: xray.cruddur.io/v1alpha1
kind: XRaySamplingRule
metadata:
  name: backend
spec:
  priority: 100
  fixedRate: 0.5
  reservoirSize: 1
"""
GROUP = """\
apiVersion: xray.cruddur.io/v1alpha1
kind: XRayGroup
metadata:
  name: failing
spec:
  filterExpression: fault
"""


def problems(text: str) -> list[str]:
    """Return the problems of a text."""
    with pytest.raises(ManifestError) as raised:
        load(["-"], lambda: text)
    return list(raised.value.problems)


def test_name_is_from_the_metadata() -> None:
    """The policies have their safe defaults."""
    (manifest,) = load(["-"], lambda: RULE)
    assert manifest.value == SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
    assert (manifest.namespace, manifest.deletion, manifest.adoption) == (
        "default",
        DeletionPolicy.DELETE,
        AdoptionPolicy.NEVER,
    )
    assert manifest.tags("prod") == {
        "xray.cruddur.io/owner": "prod/default/backend",
        "xray.cruddur.io/deletion-policy": "Delete",
    }


def test_every_field_is_parsed() -> None:
    """AWS's names in camelCase, and our policies."""
    text = (
        RULE.replace("name: backend", "name: backend\n  namespace: team")
        + """\
  ruleName: other
  resourceARN: arn
  serviceName: s
  serviceType: t
  host: h
  httpMethod: GET
  urlPath: /p
  attributes: {a: b}
  samplingRateBoost: {maxRate: 1, cooldownWindowMinutes: 5}
  deletionPolicy: Orphan
  adoptionPolicy: Force
"""
    )
    (manifest,) = load(["-"], lambda: text)
    assert manifest.value == SamplingRule(
        rule_name="other",
        priority=100,
        fixed_rate=0.5,
        reservoir_size=1,
        resource_arn="arn",
        service_name="s",
        service_type="t",
        host="h",
        http_method="GET",
        url_path="/p",
        attributes={"a": "b"},
        sampling_rate_boost=SamplingRateBoost(max_rate=1, cooldown_window_minutes=5),
    )
    assert (manifest.namespace, manifest.deletion.value, manifest.adoption.value) == ("team", "Orphan", "Force")


def test_file_can_have_several_documents(tmp_path: Path) -> None:
    """They are separated by ---; empty ones are ignored."""
    file = tmp_path / "all.yaml"
    file.write_text(RULE + "---\n---\n" + GROUP + "  insightsConfiguration: {insightsEnabled: true}\n")
    group = Group(
        group_name="failing", filter_expression="fault", insights=InsightsConfiguration(insights_enabled=True)
    )
    assert [manifest.value for manifest in load([str(file)], str)][1] == group
    assert [manifest.kind for manifest in load([str(tmp_path)], str)] == ["rule", "group"]


def test_default_rule_has_two_fields() -> None:
    """It has no priority."""
    text = RULE.replace("name: backend", f"name: {DEFAULT_RULE_NAME}").replace("  priority: 100\n", "")
    (manifest,) = load(["-"], lambda: text)
    assert manifest.value == default_rule().updated({"FixedRate": 0.5, "ReservoirSize": 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            RULE.replace("0.5", "2.0"),
            "standard input:7: document 1: spec.fixedRate: 2.0: expected a number from 0 to 1",
        ),
        (
            RULE.replace("  priority: 100\n", ""),
            "standard input:5: document 1: spec.priority: missing: expected a value",
        ),
        (
            RULE + "  colour: red\n",
            "standard input:9: document 1: spec.colour: unknown field: expected one of ruleName",
        ),
        (
            RULE + "  deletionPolicy: Keep\n",
            "standard input:9: document 1: spec.deletionPolicy: 'Keep': expected Delete, O",
        ),
        (
            RULE.replace("v1alpha1", "v9"),
            "standard input:1: document 1: apiVersion: 'xray.cruddur.io/v9': expected xray.",
        ),
        (
            RULE.replace("XRaySamplingRule", "Pod"),
            "standard input:2: document 1: kind: 'Pod': expected XRaySamplingRule or",
        ),
        (
            RULE.replace("name: backend", "name: a/b"),
            "standard input:4: document 1: metadata.name: 'a/b': expected a name",
        ),
        (
            "kind: XRayGroup\nmetadata: 5\n",
            "standard input: document 1: apiVersion: None: expected xray.cruddur.io/v1al",
        ),
        (RULE.partition("spec:")[0] + "spec: 5\n", "standard input:5: document 1: spec: 5: expected an object"),
        (
            RULE + "extra: 1\n",
            "standard input:9: document 1: extra: unknown field: expected apiVersion, kind, metadata, s",
        ),
        ("- a\n", "standard input: document 1: ['a']: expected an object"),
        (
            RULE + "  samplingRateBoost: {maxRate: 5, cooldownWindowMinutes: 1}\n",
            "standard input:9: document 1: spec.samplingRateBoost.maxRate: 5: expected a number from 0 to 1",
        ),
        (
            GROUP.replace("fault", "http.url CONTAINS 5"),
            "standard input:6: document 1: spec.filterExpression: 'http.url CONTAINS 5': expected a filter expression",
        ),
        (
            GROUP.replace("name: failing", "name: Default"),
            "standard input:6: document 1: spec.filterExpression: not allowed",
        ),
        (RULE.replace("name: backend", "name: Default"), "standard input:6: document 1: spec.priority: not allowed"),
        ("a: [1\n", "standard input:2: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: &x 1\nb: *x\n", "standard input:2: aliases (*name) are not supported: write the value out"),
        ("a: 1\na: 2\n", "standard input:2: not valid YAML: the key 'a' is defined twice"),
        ("[" * 40, "standard input:1: nested deeper than 30 levels"),
        ("a: \0\n", "standard input: not valid YAML: "),
        ("x" * (BYTES_MAX + 1), f"standard input: larger than {BYTES_MAX} bytes"),
        ("---\na: 1\n" * 501, "standard input: more than 500 documents"),
        ("", "-: no manifests found"),
        (
            RULE + "---\n" + RULE,
            "standard input: document 2: ruleName: 'backend' is also defined in standard input: document 1",
        ),
    ],
)
def test_problem_is_one_line(text: str, expected: str) -> None:
    """File, line, document, field, value, and what was expected."""
    assert problems(text)[0].startswith(expected)


def test_all_problems_are_reported_at_once() -> None:
    """Two bad fields and a bad second document are three lines."""
    bad = RULE.replace("0.5", "2").replace("100", "0") + "---\n" + GROUP.replace("fault", "((")
    assert len(problems(bad)) == 3


def test_more_rules_than_the_quota_are_an_error() -> None:
    """Before any request is sent."""
    text = "---\n".join(RULE.replace("name: backend", f"name: rule-{number}") for number in range(26))
    assert problems(text) == ["the files define 26 rules: expected at most 25, AWS's quota"]


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda folder: folder / "missing.yaml", "missing.yaml: No such file or directory"),
        (lambda folder: folder, ": no .yaml, .yml, .json files in this folder"),
    ],
)
def test_unreadable_file_is_named(tmp_path: Path, prepare: object, expected: str) -> None:
    """A missing file, an empty folder."""
    assert callable(prepare)
    with pytest.raises(ManifestError) as raised:
        load([str(prepare(tmp_path))], str)
    assert expected in raised.value.problems[0]


def test_binary_or_large_file_is_named(tmp_path: Path) -> None:
    """Both problems are reported."""
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "b.yml").write_text("x" * (BYTES_MAX + 1))
    with pytest.raises(ManifestError) as raised:
        load([str(tmp_path)], str)
    assert [problem.partition(": ")[2] for problem in raised.value.problems] == [
        "not UTF-8 text",
        f"larger than {BYTES_MAX} bytes",
    ]


def test_json_and_yaml_examples_are_the_same() -> None:
    """The AWS CLI and the operator create the same objects."""
    import json

    root = Path(__file__).resolve().parents[3] / "examples"
    values = [manifest.value for manifest in load([str(root)], str)]
    rule = json.loads((root / "aws" / "sampling-rule.json").read_text())["SamplingRule"]
    group = json.loads((root / "aws" / "group.json").read_text())
    assert values == [Group.from_api(group), SamplingRule.from_api(rule)]


@pytest.mark.parametrize(
    ("name", "namespace", "field", "longest"),
    [("x" * 128, "a", "name", 127), ("a#1", "a", "name", 127), ("a", "x" * 64, "namespace", 63)],
)
def test_owner_tag_that_aws_would_refuse_is_a_problem(name: str, namespace: str, field: str, longest: int) -> None:
    """With a cluster id of 64 characters it has at most 256."""
    metadata = f"  name: {name!r}\n  namespace: {namespace}\n"
    [problem] = problems(RULE.replace("  name: backend\n", metadata))
    assert f"metadata.{field}: " in problem
    assert problem.endswith(f"expected a name of at most {longest} characters that a tag of AWS's can have, without /")
