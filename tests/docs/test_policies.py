"""The IAM policies of deploy/iam: known actions only, and the operator's are the calls that it makes."""

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from tests.docs.blocks import ROOT, VARIABLES, blocks
from xray_operator.aws.objects import OWNER_TAG

FILES = {file.stem: file for file in sorted((ROOT / "deploy/iam").glob("*.json"))}
GATEWAY = ROOT / "operator/src/xray_operator/aws/boto_gateway.py"
# Actions without an operation of the API: the OTLP endpoint's, and what STS asks for besides AssumeRole.
PERMISSIONS_ONLY = {"xray:PutSpans", "xray:PutSpansForIndexing", "sts:TagSession"}
PLACEHOLDERS = ("ACCOUNT_ID", "AWS_REGION", "CLUSTER_ID", "OIDC_PROVIDER", "NAMESPACE", "SERVICE_ACCOUNT")

each = pytest.mark.parametrize("file", FILES.values(), ids=FILES)


def statements(file: Path) -> list[dict[str, Any]]:
    """Read a policy's statements."""
    policy = json.loads(file.read_text())
    assert policy["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def listed(value: str | list[str]) -> list[str]:
    """Give what IAM takes as one text or as a list of them."""
    return [value] if isinstance(value, str) else value


def actions(file: Path) -> set[str]:
    """Give every action that a policy allows."""
    return {action for one in statements(file) for action in listed(one["Action"])}


@each
def test_a_policy_has_known_actions_only(file: Path) -> None:
    """IAM takes a misspelled action without a word, and then it allows nothing."""
    session = botocore.session.Session()
    for action in actions(file) - PERMISSIONS_ONLY:
        service, _, name = action.partition(":")
        assert name in session.get_service_model(service).operation_names, action


def _gateways_calls() -> set[str]:
    """Give the operations that the gateway names: the first argument of `_call` and of `_pages`."""
    calls = (node for node in ast.walk(ast.parse(GATEWAY.read_text())) if isinstance(node, ast.Call))
    named = {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"_call", "_pages"}
        and isinstance(call.args[0], ast.Constant)
    }
    model = botocore.session.Session().get_service_model("xray")
    operations = {xform_name(name): name for name in model.operation_names}
    return {operations[method] for method in named}


def test_the_operators_policy_is_what_the_gateway_calls() -> None:
    """Nothing is missing, and nothing is allowed that is not used."""
    assert actions(FILES["operator"]) == {f"xray:{name}" for name in _gateways_calls()}
    assert len(_gateways_calls()) == 12


def test_the_operator_writes_to_rules_and_groups_only() -> None:
    """What X-Ray can narrow by resource is narrowed; the three reads it cannot."""
    anywhere = [one for one in statements(FILES["operator"]) if one["Resource"] == "*"]
    assert [set(one["Action"]) for one in anywhere] == [
        {"xray:GetSamplingRules", "xray:GetGroups", "xray:GetSamplingStatisticSummaries"}
    ]


def test_the_operator_writes_what_has_its_clusters_tag() -> None:
    """Each write has the owner tag as its condition, except that to the two that have no tags."""
    writes = {
        one["Sid"]: one.get("Condition", {})
        for one in statements(FILES["operator"])
        if not one["Sid"].startswith("Read")
    }
    requested, held = ({f"aws:{where}/{OWNER_TAG}": "CLUSTER_ID/*"} for where in ("RequestTag", "ResourceTag"))
    assert writes == {
        "CreateWithOwnTag": {"StringLike": requested},
        "TagAsOwn": {"StringLike": requested, "StringLikeIfExists": held},
        "WriteOwn": {"StringLike": held},
        "UpdateDefault": {},
    }


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("agent", {"PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"}),
        ("agent-otlp", {"PutTraceSegments", "PutSpans", "PutSpansForIndexing"}),
    ],
)
def test_an_agent_may_send_and_pass_sampling_on(name: str, allowed: set[str]) -> None:
    """An agent reads no traces and changes nothing."""
    assert actions(FILES[name]) == {f"xray:{action}" for action in allowed}


@each
def test_the_guides_function_fills_a_policy(file: Path) -> None:
    """`fill` of docs/deploy.md leaves no placeholder, and JSON."""
    (script,) = [block.text for block in blocks() if "fill() {" in block.text]
    function = script[script.index("fill() {") :]
    run = subprocess.run(
        ["bash", "-euc", f'{function}\nfill "$1" cruddur-agent', "bash", file.name],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **VARIABLES},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    json.loads(run.stdout)
    assert [word for word in PLACEHOLDERS if word in run.stdout] == []
