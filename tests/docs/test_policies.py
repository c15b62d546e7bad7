"""The IAM policies in deploy/iam: valid actions, and for the operator exactly its calls."""

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
# Actions without an API operation: the OTLP endpoint's, and TagSession, which STS requires besides AssumeRole.
PERMISSIONS_ONLY = {"xray:PutSpans", "xray:PutSpansForIndexing", "sts:TagSession"}
PLACEHOLDERS = ("ACCOUNT_ID", "AWS_REGION", "CLUSTER_ID", "OIDC_PROVIDER", "NAMESPACE", "SERVICE_ACCOUNT")

each = pytest.mark.parametrize("file", FILES.values(), ids=FILES)


def statements(file: Path) -> list[dict[str, Any]]:
    """Return a policy's statements."""
    policy = json.loads(file.read_text())
    assert policy["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def listed(value: str | list[str]) -> list[str]:
    """Return a list for an IAM value that is a string or a list."""
    return [value] if isinstance(value, str) else value


def actions(file: Path) -> set[str]:
    """Return every action that a policy allows."""
    return {action for statement in statements(file) for action in listed(statement["Action"])}


@each
def test_a_policy_has_known_actions_only(file: Path) -> None:
    """IAM silently accepts a misspelled action, which then allows nothing."""
    session = botocore.session.Session()
    for action in actions(file) - PERMISSIONS_ONLY:
        service, _, name = action.partition(":")
        assert name in session.get_service_model(service).operation_names, action


def _gateways_calls() -> set[str]:
    """Return the gateway's operations: the first argument of `_call` and `_pages`."""
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


def test_the_operators_policy_allows_exactly_the_gateways_calls() -> None:
    """No action is missing, and no unused action is allowed."""
    assert actions(FILES["operator"]) == {f"xray:{name}" for name in _gateways_calls()}
    assert len(_gateways_calls()) == 12


def test_the_operator_writes_only_to_rules_and_groups() -> None:
    """Only the three reads that IAM cannot restrict have all resources."""
    anywhere = [statement for statement in statements(FILES["operator"]) if statement["Resource"] == "*"]
    assert [set(statement["Action"]) for statement in anywhere] == [
        {"xray:GetSamplingRules", "xray:GetGroups", "xray:GetSamplingStatisticSummaries"}
    ]


def test_the_operator_writes_only_to_objects_with_its_clusters_tag() -> None:
    """Each write has the owner tag as a condition, except for the two Default objects, which have no tags."""
    writes = {
        statement["Sid"]: statement.get("Condition", {})
        for statement in statements(FILES["operator"])
        if not statement["Sid"].startswith("Read")
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
        (
            "agent-otlp",
            {"PutTraceSegments", "PutSpans", "PutSpansForIndexing", "GetSamplingRules", "GetSamplingTargets"},
        ),
    ],
)
def test_an_agent_may_send_and_pass_sampling_on(name: str, allowed: set[str]) -> None:
    """An agent neither reads traces nor changes rules."""
    assert actions(FILES[name]) == {f"xray:{action}" for action in allowed}


@each
def test_the_guides_function_fills_a_policy(file: Path) -> None:
    """`fill` in docs/deploy.md leaves no placeholder and valid JSON."""
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
