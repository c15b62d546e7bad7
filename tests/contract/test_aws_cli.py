"""The AWS CLI and the operator's command line create the same objects."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.contract, pytest.mark.process]

ROOT = Path(__file__).resolve().parents[2]
AWS = Path(os.environ.get("AWS_CLI", ROOT / ".tools" / "awscli" / "bin" / "aws"))


def run(api: str, folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Run a command with xray-local, without this machine's AWS configuration."""
    environment = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",  # the name that the AWS CLI reads
        "AWS_ENDPOINT_URL_XRAY": api,
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )


def create(api: str, folder: Path, *kinds: str) -> None:
    """Create the examples' objects by the AWS CLI from their JSON."""
    assert AWS.exists(), f"{AWS} is missing: run make setup"
    for kind in kinds:
        done = run(api, folder, AWS, "xray", f"create-{kind}", "--cli-input-json", f"file://examples/aws/{kind}.json")
        assert (done.returncode, done.stderr) == (0, "")


def test_objects_of_the_aws_cli_match_the_manifests(xray_local: Any, tmp_path: Path) -> None:
    """`xray-operator diff` finds no differences, neither with the examples' YAML nor with what `import` writes."""
    create(xray_local.api, tmp_path, "group", "sampling-rule")
    operator, manifests = ROOT / ".venv" / "bin" / "xray-operator", tmp_path / "imported.yaml"
    done = run(xray_local.api, tmp_path, operator, "diff", "-f", "examples")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no differences\n", "")
    done = run(xray_local.api, tmp_path, operator, "import", "--defaults")
    assert (done.returncode, done.stderr, done.stdout.count("kind: ")) == (0, "", 4)
    manifests.write_text(done.stdout)
    done = run(xray_local.api, tmp_path, operator, "diff", "-f", manifests)
    assert (done.returncode, done.stdout) == (0, "no differences\n")


def test_unowned_different_object_is_a_conflict(xray_local: Any, tmp_path: Path) -> None:
    """apply does not change another client's object, names the policy that would, and exits with 1."""
    operator = ROOT / ".venv" / "bin" / "xray-operator"
    manifest = tmp_path / "rule.yaml"
    text = (ROOT / "examples" / "sampling-rule.yaml").read_text()
    manifest.write_text(text.replace("fixedRate: 0.5", "fixedRate: 0.6"))
    create(xray_local.api, tmp_path, "sampling-rule")
    done = run(xray_local.api, tmp_path, operator, "apply", "-f", manifest)
    assert done.returncode == 1
    assert "NotOwned: 'backend-flask' already exists without an owner tag" in done.stdout
    manifest.write_text(manifest.read_text() + "  adoptionPolicy: IfUnowned\n")
    done = run(xray_local.api, tmp_path, operator, "apply", "-f", manifest)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 updated, 1 adopted")
