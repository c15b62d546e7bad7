"""What tools that wait for a release conclude, on a real API server.

They are kstatus (Flux), kubectl wait, Helm 4's --wait, and Argo CD's Lua with the health check of docs/operator.md.
`pytest -s` prints the table.
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


SITUATIONS: dict[Arrange, str] = {
    unseen: "InProgress waits Progressing",
    in_sync: "Current met Healthy",
    edit_refused: "InProgress waits Progressing",
    edit_during_outage: "InProgress waits Progressing",
    outage: "Current met Healthy",
    edit_invalid: "Failed waits Degraded",
    conflict: "Failed waits Degraded",
    drift: "Current met Healthy",
    expired: "Current met Healthy",
    suspended: "Current met Healthy",
    observed_missing: "InProgress waits Progressing",
    deleting: "Terminating waits Progressing",
}


@pytest.mark.parametrize(("arrange", "expected"), SITUATIONS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_all_tools_agree(operator: OperatorFixture, tmp_path: Path, arrange: Arrange, expected: str) -> None:
    """A generation that AWS does not have is never Current; an outage alone changes nothing."""
    name = arrange(operator)
    body = operator.read(name)
    status, _, message = kstatus(body).partition(": ")
    waited = operator.kubectl("wait", name, "--for=condition=Ready", "--timeout=0", check=False)
    (tmp_path / "health.lua").write_text(documented_health_check())
    health = kstatus(body, f"--lua={tmp_path / 'health.lua'}").partition(":")[0]
    found = f"{status} {'met' if 'condition met' in waited else 'waits'} {health}"
    sys.stdout.write(f"{arrange.__name__:20} {found:30} {message}\n")
    assert found == expected


def documented_health_check() -> str:
    """Return the Lua in docs/operator.md."""
    text = (ROOT / "docs/operator.md").read_text()
    _, _, rest = text.partition("resource.customizations.health.xray.cruddur.io_XRaySamplingRule: |\n")
    return textwrap.dedent(rest.partition("```")[0])


def kstatus(body: Any, *arguments: str) -> str:
    """Return the result and the message for an object."""
    command = [str(tool_path("kstatus")), *arguments]
    run = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True, check=True)
    return run.stdout.strip()


def helm(operator: OperatorFixture, folder: Path, manifest: Any, seconds: int = 20) -> str:
    """Upgrade a release of one manifest with --wait and a timeout; return Helm's error, or nothing."""
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: rules, version: 0.1.0}")
    (folder / "templates/rule.yaml").write_text(yaml.safe_dump(manifest))
    command = ["upgrade", "--install", "rules", str(folder), "--wait", f"--timeout={seconds}s"]
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
