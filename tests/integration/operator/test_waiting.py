"""What tools that wait for a release conclude, on a real API server.

They are kstatus (Flux), kubectl wait, Helm 4's --wait, and Argo CD's Lua with the health check of docs/operator.md.
`pytest -s` prints the rows of the table in that page.
"""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.operator.fixture import OperatorFixture, group, rule
from tools.provide import ROOT, tool_path
from xray_model import SamplingRule

pytestmark = pytest.mark.process
EXPIRED = "2026-01-01T00:00:00Z"
Arrange = Callable[[OperatorFixture], str]


def refuse(operator: OperatorFixture, operation: str) -> None:
    """Let AWS refuse an operation from now on."""
    denied = {"status": 403, "code": "AccessDeniedException", "message": "no"}
    operator.aws.script([{"operation": operation, "times": 100_000, **denied}])


def cut_off(operator: OperatorFixture) -> None:
    """Make AWS unreachable from now on."""
    operator.aws.script([{"operation": "*", "times": 100_000, "status": 503}])


def unseen(operator: OperatorFixture) -> str:
    """Create a rule while the operator is stopped."""
    assert operator.process.terminate() == 0
    operator.apply(rule())
    return "xsr/checkout"


def in_sync(operator: OperatorFixture) -> str:
    """Create a rule."""
    operator.apply_in_sync(rule())
    return "xsr/checkout"


def edit_refused(operator: OperatorFixture) -> str:
    """Edit a rule that AWS then refuses to update."""
    operator.apply_in_sync(rule())
    refuse(operator, "UpdateSamplingRule")
    operator.apply(rule(fixedRate=0.5))
    operator.wait_synced("xsr/checkout", "False Denied")
    return "xsr/checkout"


def edit_during_outage(operator: OperatorFixture) -> str:
    """Edit a rule while AWS is unreachable."""
    operator.apply_in_sync(rule())
    cut_off(operator)
    operator.apply(rule(fixedRate=0.5))
    operator.wait_synced("xsr/checkout", "False Unreachable")
    return "xsr/checkout"


def outage(operator: OperatorFixture) -> str:
    """Leave a rule alone while AWS is unreachable."""
    operator.apply_in_sync(rule())
    cut_off(operator)
    operator.wait_synced("xsr/checkout", "Unknown Unreachable")
    return "xsr/checkout"


def edit_invalid(operator: OperatorFixture) -> str:
    """Edit a group so that its expression cannot be parsed."""
    operator.apply_in_sync(group())
    operator.apply(group(filterExpression="responsetime >"))
    operator.wait_synced("xg/slow", "False InvalidSpec")
    return "xg/slow"


def conflict(operator: OperatorFixture) -> str:
    """Create a rule whose name another client uses."""
    operator.create_in_aws(SamplingRule(rule_name="checkout", priority=1, fixed_rate=1, reservoir_size=1))
    operator.apply(rule())
    operator.wait_synced("xsr/checkout", "False NotOwned")
    return "xsr/checkout"


def drift(operator: OperatorFixture) -> str:
    """Change a rule in AWS that AWS then refuses to update."""
    operator.apply_in_sync(rule())
    refuse(operator, "UpdateSamplingRule")
    with operator.aws.without_faults():
        operator.update_in_aws(SamplingRule(rule_name="checkout", priority=100, fixed_rate=0.9, reservoir_size=1))
    operator.wait_synced("xsr/checkout", "False Denied")
    return "xsr/checkout"


def expired(operator: OperatorFixture) -> str:
    """Create a rule that has expired."""
    operator.apply(rule(expiresAt=EXPIRED))
    operator.wait_synced("xsr/checkout", "True Expired")
    return "xsr/checkout"


def suspended(operator: OperatorFixture) -> str:
    """Create a suspended rule."""
    operator.apply(rule(suspend=True))
    operator.wait_synced("xsr/checkout", "False Suspended")
    return "xsr/checkout"


def observed_missing(operator: OperatorFixture) -> str:
    """Observe a rule that AWS does not have."""
    operator.apply(rule(managementPolicy="Observe"))
    operator.wait_synced("xsr/checkout", "False Observed")
    return "xsr/checkout"


def deleting(operator: OperatorFixture) -> str:
    """Delete a rule that AWS refuses to delete."""
    operator.apply_in_sync(rule())
    refuse(operator, "DeleteSamplingRule")
    operator.kubectl("delete", "xsr/checkout", "--wait=false")
    operator.wait_until(lambda: operator.condition("xsr/checkout", "Ready"), "False Deleting")
    return "xsr/checkout"


SITUATIONS: dict[str, Arrange] = {
    "new, not seen by the operator": unseen,
    "AWS has the spec": in_sync,
    "an edit that AWS refuses": edit_refused,
    "an edit while AWS is unreachable": edit_during_outage,
    "AWS unreachable, no edit": outage,
    "an edit with an invalid expression": edit_invalid,
    "the name has another owner in AWS": conflict,
    "changed in AWS, and the repair refused": drift,
    "expired": expired,
    "suspended": suspended,
    "`Observe`, and missing in AWS": observed_missing,
    "deleted, and AWS refuses": deleting,
}


@pytest.mark.parametrize("situation", SITUATIONS, ids=[arrange.__name__ for arrange in SITUATIONS.values()])
def test_tools_conclude_what_the_page_says(operator: OperatorFixture, tmp_path: Path, situation: str) -> None:
    """A generation that AWS does not have is never Current; an outage alone changes nothing."""
    name = SITUATIONS[situation](operator)
    body = operator.read(name)
    (tmp_path / "health.lua").write_text(documented_health_check())
    cells = [
        situation,
        conditions(body),
        kstatus(body),
        waited(operator, name),
        helm_conclusion(operator, tmp_path, body),
        kstatus(body, f"--lua={tmp_path / 'health.lua'}"),
    ]
    row = f"| {' | '.join(cells)} |"
    sys.stdout.write(f"{row}\n")
    assert row in (ROOT / "docs/operator.md").read_text().splitlines()


def conditions(body: Any) -> str:
    """Return an object's conditions that are True or Unknown."""
    found = {condition["type"]: condition["status"] for condition in body.get("status", {}).get("conditions", ())}
    shown = {"True": "", "Unknown": " Unknown"}
    return ", ".join(f"{name}{shown[status]}" for name, status in found.items() if status in shown) or "none"


def waited(operator: OperatorFixture, name: str) -> str:
    """Return whether `kubectl wait` would go on."""
    output = operator.kubectl("wait", name, "--for=condition=Ready", "--timeout=0", check=False)
    return "met" if "condition met" in output else "waits"


def helm_conclusion(operator: OperatorFixture, folder: Path, body: Any) -> str:
    """Return what Helm concludes about an object as it is."""
    manifest = {**body, "metadata": {"name": body["metadata"]["name"]}}
    del manifest["status"]
    error = helm(operator, folder, manifest, seconds=3)
    if not error:
        return "succeeds"
    return "fails" if "Failed" in error else "waits"


def documented_health_check() -> str:
    """Return the Lua in docs/operator.md."""
    text = (ROOT / "docs/operator.md").read_text()
    _, _, rest = text.partition("resource.customizations.health.xray.cruddur.io_XRaySamplingRule: |\n")
    return textwrap.dedent(rest.partition("```")[0])


def kstatus(body: Any, *arguments: str) -> str:
    """Return the result for an object."""
    command = [str(tool_path("kstatus")), *arguments]
    run = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True, check=True)
    return run.stdout.partition(":")[0]


def helm(operator: OperatorFixture, folder: Path, manifest: Any, seconds: int = 20) -> str:
    """Upgrade a release of one manifest with --wait and a timeout; return Helm's error, or nothing."""
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: rules, version: 0.1.0}")
    (folder / "templates/rule.yaml").write_text(yaml.safe_dump(manifest))
    command = ["upgrade", "--install", "rules", str(folder), "--take-ownership", "--wait", f"--timeout={seconds}s"]
    config = operator.cluster.folder / "admin.kubeconfig"
    scope = [f"--kubeconfig={config}", f"--namespace={operator.namespace}"]
    run = subprocess.run([tool_path("helm"), *command, *scope], capture_output=True, text=True, check=False)
    return run.stderr if run.returncode else ""


def test_helm_waits_until_aws_has_the_edit(operator: OperatorFixture, tmp_path: Path) -> None:
    """An edit that AWS refuses fails the upgrade, and so does an invalid one; a wanted end does not."""
    assert helm(operator, tmp_path, rule()) == ""
    refuse(operator, "UpdateSamplingRule")
    assert "InProgress" in helm(operator, tmp_path, rule(fixedRate=0.5), seconds=3)
    operator.aws.script([])
    assert helm(operator, tmp_path, rule(fixedRate=0.6)) == ""
    assert operator.rate() == 0.6
    assert helm(operator, tmp_path, rule(expiresAt=EXPIRED, fixedRate=0.6)) == ""
    assert operator.rate() is None
    assert "Failed" in helm(operator, tmp_path, group(filterExpression="responsetime >"), seconds=3)
