"""`kubectl xray` as a plugin of the real kubectl, beside the operator that manages the same resources."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.operator.fixture import CLUSTER_ID, OperatorFixture, rule
from tools.provide import tool_path
from xray_model import SamplingRule

pytestmark = pytest.mark.process


class Kubectl:
    """kubectl with the plugin on its PATH, a kubeconfig, and AWS."""

    def __init__(self, operator: OperatorFixture, folder: Path) -> None:
        path = [str(Path(sys.executable).parent), str(Path(tool_path("kubectl")).parent), os.environ["PATH"]]
        self._environ = {
            "PATH": ":".join(path),
            "HOME": str(folder),
            "KUBECONFIG": str(operator.cluster.admin.kubeconfig(folder / "kubeconfig")),
            "AWS_ENDPOINT_URL_XRAY": operator.aws.api,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def run(self, *arguments: str) -> tuple[int, str]:
        """Return exit code and output; standard error is part of an assertion's message."""
        command = [str(tool_path("kubectl")), *arguments]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout or done.stderr


@pytest.fixture
def kubectl(operator: OperatorFixture, tmp_path: Path) -> Kubectl:
    """Return kubectl for the operator's cluster."""
    return Kubectl(operator, tmp_path)


def test_plan_explain_and_import(operator: OperatorFixture, kubectl: Kubectl) -> None:
    """They find the operator's cluster id, and what it would do about a change in AWS."""
    operator.apply_in_sync(rule(urlPath="/api/*"))
    scope = ("-n", operator.namespace)
    assert kubectl.run("xray", "plan", *scope) == (0, "= rule  checkout\n")
    operator.process.terminate()
    operator.update_in_aws(
        SamplingRule(rule_name="checkout", priority=100, fixed_rate=1, reservoir_size=1, url_path="/api/*")
    )
    operator.create_in_aws(SamplingRule(rule_name="by-hand", priority=900, fixed_rate=0, reservoir_size=0))
    assert kubectl.run("xray", "plan", *scope) == (0, "~ rule  checkout  fixedRate: 1.0 -> 0.1\n")

    explain = ("xray", "explain", *scope, "GET", "https://shop.test/api/carts")
    assert kubectl.run(*explain, "--expect", "checkout")[0] == 0
    assert kubectl.run(*explain, "--expect", "Default")[0] == 1

    code, manifests = kubectl.run("xray", "import", "--adopt", *scope)
    assert (code, "name: by-hand" in manifests, "checkout" in manifests) == (0, True, False)
    assert kubectl.run("xray", "import", "--all", "--cluster-id", CLUSTER_ID)[1].count("kind: XRaySamplingRule") == 2
    operator.kubectl("apply", "--server-side", "-f", "-", text=manifests)
    operator.process.start()
    operator.wait_in_sync("xsr/by-hand")


def test_kubectl_completes_the_plugin(kubectl: Kubectl) -> None:
    """By `kubectl_complete-xray`, with the help of each command."""
    code, printed = kubectl.run("__complete", "xray", "")
    assert code == 0
    assert [line.partition("\t")[0] for line in printed.splitlines()[:3]] == ["plan", "explain", "import"]
    assert kubectl.run("__complete", "xray", "explain", "--exp")[1].startswith("--expect\t")


def test_forbidden_user_gets_kubectls_message(operator: OperatorFixture, kubectl: Kubectl, tmp_path: Path) -> None:
    """One line, and exit code 1."""
    unauthorized = operator.cluster.account("unauthorized", [], (operator.namespace,))
    config = unauthorized.kubeconfig(tmp_path / "unauthorized")
    code, printed = kubectl.run("xray", "plan", "--kubeconfig", str(config), "-n", operator.namespace)
    assert (code, printed.count("\n")) == (1, 1)
    assert "cannot list resource" in printed
