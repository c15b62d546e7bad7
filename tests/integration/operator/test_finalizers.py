"""`xray-operator finalizers` on a real API server, with the rights of the chart's hooks around an uninstall."""

import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.operator.fixture import OperatorFixture, group, rule
from tools.local_cluster import RULES, Cluster

pytestmark = pytest.mark.process
LABELS = {"app.kubernetes.io/instance": "demo"}
SELECTOR = "app.kubernetes.io/instance=demo"
FINALIZER = "xray.cruddur.io/finalizer"
_NUMBERS = count(1)


def labelled(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest as the chart renders it."""
    return {**manifest, "metadata": {**manifest["metadata"], "labels": LABELS}}


class Hook:
    """The command of the chart's hooks, under a service account with their rights."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self.namespace = namespace
        self.account = f"cleanup-{next(_NUMBERS)}"
        self._kubeconfig = cluster.account(self.account, _rules(), ()).kubeconfig(folder / "hook")

    def run(self, *arguments: str) -> list[str]:
        """Run the command to its end and return its lines."""
        environ = {**os.environ, "KUBECONFIG": str(self._kubeconfig)}
        command = [sys.executable, "-m", "xray_operator", "finalizers", "-n", self.namespace, *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()


def _rules() -> list[dict[str, Any]]:
    rules = yaml.safe_load((RULES.parent / "cleanup-rules.yaml").read_text())
    return [*rules, {**rules[0], "verbs": ["delete"]}]


@pytest.fixture
def hook(operator: OperatorFixture, tmp_path: Path) -> Hook:
    """Return the hooks' command for the test's namespace."""
    return Hook(operator.cluster, tmp_path, operator.namespace)


def test_running_operator_carries_out_the_deletion_of_the_release(operator: OperatorFixture, hook: Hook) -> None:
    """As the policies say; objects that are not the release's stay, in the cluster and in AWS."""
    operator.apply_in_sync(labelled(rule()), labelled(group(deletionPolicy="Orphan")), rule("theirs", priority=200))
    assert sorted(hook.run("--delete", "-l", SELECTOR)) == [
        f"deleted: XRayGroup {operator.namespace}/slow",
        f"deleted: XRaySamplingRule {operator.namespace}/checkout",
    ]
    assert operator.aws_value("checkout") is None
    assert operator.tags("slow", "group") == {}
    assert operator.aws_value("theirs") is not None
    assert operator.finalizers("xsr/theirs") == [FINALIZER]


def test_without_an_operator_finalizers_are_removed_after_the_timeout(operator: OperatorFixture, hook: Hook) -> None:
    """The lines name what AWS keeps; the command uses all its rights and needs no other."""
    operator.apply_in_sync(labelled(rule()))
    arn = operator.status("xsr/checkout")["arn"]
    operator.process.kill()
    assert hook.run("--delete", "-l", SELECTOR, "--timeout", "1") == [
        "resources not deleted after 1 s: 1; expected a running operator with access to AWS",
        f"finalizer removed: XRaySamplingRule {operator.namespace}/checkout; AWS keeps the rule 'checkout' ({arn})",
    ]
    assert operator.kubectl("get", "xray", "-o", "name") == ""
    assert operator.aws_value("checkout") is not None
    calls = operator.cluster.audited(f":{hook.account}")
    assert {call["verb"] for call in calls} == {"list", "patch", "delete"}
    assert {call["responseStatus"]["code"] for call in calls} == {200}


def test_new_operator_claims_a_released_object_without_a_write_to_aws(operator: OperatorFixture, hook: Hook) -> None:
    """Its object in AWS has our tag; until then a released object can be deleted, and AWS keeps it."""
    operator.apply_in_sync(rule(), rule("other", priority=200))
    operator.process.kill()
    assert len(hook.run()) == 2
    operator.delete("xsr/other")
    assert operator.aws_value("other") is not None
    record = operator.aws.record(("rule", "checkout"))
    operator.process.start()
    operator.wait_until(lambda: operator.finalizers("xsr/checkout"), [FINALIZER])
    operator.wait_in_sync("xsr/checkout")
    assert operator.aws.record(("rule", "checkout")) == record


def test_operator_without_rights_cannot_claim_again(operator: OperatorFixture, hook: Hook) -> None:
    """As after an uninstall, while its pod still ends: the command sees no finalizer come back."""
    operator.apply_in_sync(rule())
    binding = yaml.safe_load(operator.kubectl("get", "clusterrolebinding", "operator", "-o", "yaml"))
    operator.kubectl("delete", "clusterrolebinding", "operator")
    try:
        assert len(hook.run()) == 1
        assert operator.finalizers("xsr/checkout") == []
    finally:
        binding["metadata"] = {"name": "operator"}
        operator.kubectl("apply", "-f", "-", text=yaml.safe_dump(binding))
    operator.wait_until(lambda: operator.finalizers("xsr/checkout"), [FINALIZER])
