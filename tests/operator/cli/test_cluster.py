"""The commands that need a cluster: their options, exit codes and errors, each error in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from xray_operator.cli import main


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide this machine's clusters."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_finalizers_requires_a_scope(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole cluster only by its option."""
    assert main(["finalizers"], {}) == 64
    assert "one of the arguments -n/--namespace -A/--all-namespaces is required" in capsys.readouterr().err
    assert main(["finalizers", "-A", "-n", "shop"], {}) == 64


def test_finalizers_requires_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    """As `run` does."""
    assert main(["finalizers", "-A"], {}) == 1
    expected = "xray-operator: no cluster credentials found: expected a pod's service account, or KUBECONFIG\n"
    assert capsys.readouterr().err == expected


def test_finalizers_gives_up_on_an_unreachable_api_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_port: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """After the timeout; the message names the address."""
    port = free_port()
    config = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "test", "user": {"token": "secret"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    assert main(["finalizers", "-n", "shop", "--timeout", "0"], {}) == 1
    assert f"the Kubernetes API did not answer: Cannot connect to host 127.0.0.1:{port}" in capsys.readouterr().err


def test_crds_prints_the_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    """They can be applied without the chart."""
    assert main(["crds"], {}) == 0
    names = [manifest["metadata"]["name"] for manifest in yaml.safe_load_all(capsys.readouterr().out)]
    assert names == ["xraysamplingrules.xray.cruddur.io", "xraygroups.xray.cruddur.io"]


def test_crds_apply_requires_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    """As `run` does."""
    assert main(["crds", "--apply"], {}) == 1
    assert "no cluster credentials found" in capsys.readouterr().err
