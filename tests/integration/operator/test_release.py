"""`xray-operator release` on a real API server, with the rights of the chart's hooks: before and after an uninstall."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.operator.bench import Bench, group, rule
from tools.local_cluster import RULES, Cluster

pytestmark = pytest.mark.process
LABELS = {"app.kubernetes.io/instance": "demo"}
SELECTOR = "app.kubernetes.io/instance=demo"
_NUMBERS = count(1)


def labelled(manifest: dict[str, Any]) -> dict[str, Any]:
    """Give a manifest as the chart renders it."""
    return {**manifest, "metadata": {**manifest["metadata"], "labels": LABELS}}


class Hook:
    """The chart's hooks as processes, under an account with their rights."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self.namespace = namespace
        self.account = f"cleanup-{next(_NUMBERS)}"
        self._kubeconfig = cluster.account(self.account, self._rules(), ()).kubeconfig(folder / "hook")

    def _rules(self) -> list[dict[str, Any]]:
        rules = yaml.safe_load((RULES.parent / "cleanup-rules.yaml").read_text())
        return [*rules, {**rules[0], "verbs": ["delete"]}]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command."""
        environ = {**os.environ, "KUBECONFIG": str(self._kubeconfig)}
        command = [sys.executable, "-m", "xray_operator", "finalizers", "-n", self.namespace, *arguments]
        return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> list[str]:
        """Run the command to its end and give its lines."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        return out.splitlines()


@pytest.fixture
def hook(bench: Bench, tmp_path: Path) -> Iterator[Hook]:
    """Give the hooks of the test's namespace; the operator runs again afterwards."""
    yield Hook(bench.cluster, tmp_path, bench.namespace)
    if not bench.operator.is_running:
        bench.operator.start()
        bench.operator.wait_ready()


def test_a_running_operator_deletes_what_is_the_releases_own(bench: Bench, hook: Hook) -> None:
    """With what AWS has of it, as its policy says; what others made stays, in the cluster and in AWS."""
    bench.apply(labelled(rule()), labelled(group(deletionPolicy="Orphan")), rule("theirs", priority=200))
    for name in ("xsr/checkout", "xg/slow", "xsr/theirs"):
        bench.ready(name)
    assert sorted(hook.run("--delete", "-l", SELECTOR)) == [
        f"deleted: XRayGroup {bench.namespace}/slow",
        f"deleted: XRaySamplingRule {bench.namespace}/checkout",
    ]
    assert bench.in_aws("checkout") is None
    assert bench.in_aws("slow", "group") is not None
    assert bench.tags("slow", "group") == {}
    assert bench.in_aws("theirs") is not None
    assert bench.read("xsr/theirs")["metadata"]["finalizers"] == ["xray.cruddur.io/finalizer"]


def test_without_an_operator_nothing_waits_for_ever(bench: Bench, hook: Hook) -> None:
    """What was to be deleted is let go after the time, and AWS keeps it, by name."""
    bench.apply(labelled(rule()))
    bench.ready("xsr/checkout")
    arn = bench.status("xsr/checkout")["arn"]
    bench.operator.kill()
    assert hook.run("--delete", "-l", SELECTOR, "--timeout", "1") == [
        "not deleted after 1 s: 1; expected a running operator with access to AWS",
        f"finalizer removed: XRaySamplingRule {bench.namespace}/checkout; AWS keeps the rule 'checkout' ({arn})",
    ]
    assert bench.kubectl("get", "xray", "-o", "name") == ""
    assert bench.in_aws("checkout") is not None


def test_what_was_let_go_can_be_deleted_and_is_taken_again_by_a_new_operator(bench: Bench, hook: Hook) -> None:
    """Its object in AWS has our tag, so nothing is made anew."""
    bench.apply(rule(), rule("other", priority=200))
    bench.ready("xsr/checkout")
    bench.ready("xsr/other")
    bench.operator.kill()
    assert len(hook.run()) == 2
    bench.delete("xsr/other")
    record = bench.aws.record(("rule", "checkout"))
    bench.operator.start()
    bench.until(lambda: bench.read("xsr/checkout")["metadata"].get("finalizers"), ["xray.cruddur.io/finalizer"])
    bench.ready("xsr/checkout")
    assert bench.aws.record(("rule", "checkout")) == record


def test_killed_half_way_it_is_run_again(bench: Bench, hook: Hook) -> None:
    """The second run finishes what the first has begun."""
    bench.apply(labelled(rule()), labelled(group()))
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.operator.kill()
    with hook.start("--delete", "-l", SELECTOR) as first:
        bench.until(lambda: "deletionTimestamp" in bench.read("xsr/checkout")["metadata"], wanted=True)
        first.send_signal(signal.SIGKILL)
    bench.operator.start()
    bench.operator.wait_ready()
    hook.run("--delete", "-l", SELECTOR)
    assert bench.kubectl("get", "xray", "-o", "name") == ""
    assert (bench.in_aws("checkout"), bench.in_aws("slow", "group")) == (None, None)


def test_an_operator_whose_rights_are_gone_cannot_take_anything_again(bench: Bench, hook: Hook) -> None:
    """As after an uninstall, when its pod is still ending."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    binding = yaml.safe_load(bench.kubectl("get", "clusterrolebinding", "operator", "-o", "yaml"))
    bench.kubectl("delete", "clusterrolebinding", "operator")
    try:
        assert len(hook.run()) == 1
        time.sleep(2)
        assert bench.read("xsr/checkout")["metadata"].get("finalizers") is None
    finally:
        binding["metadata"] = {"name": "operator"}
        bench.kubectl("apply", "-f", "-", text=yaml.safe_dump(binding))
    bench.until(lambda: bench.read("xsr/checkout")["metadata"].get("finalizers"), ["xray.cruddur.io/finalizer"])


def test_the_hooks_rights_are_those_that_they_use(bench: Bench, hook: Hook) -> None:
    """None is missing, and none is too much."""
    bench.apply(labelled(rule()), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.operator.kill()
    hook.run("--delete", "-l", SELECTOR, "--timeout", "1")
    hook.run()
    calls = bench.cluster.audited(f":{hook.account}")
    assert {one["verb"] for one in calls} == {"list", "patch", "delete"}
    assert {one["responseStatus"]["code"] for one in calls} == {200}
