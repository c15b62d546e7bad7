"""The variables that the pages export are all that an AWS client needs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal

pytestmark = pytest.mark.process
ROOT = Path(__file__).resolve().parents[2]
AWS = os.environ.get("AWS_CLI", str(ROOT / ".tools" / "awscli" / "bin" / "aws"))
CLIENTS = {
    "boto3": (sys.executable, "-c", "import boto3; print(boto3.client('xray').get_groups())"),
    "aws": (AWS, "xray", "get-groups"),
}


def exported(page: str) -> dict[str, str]:
    """Return the AWS variables that a page's shell lines export."""
    lines = re.findall(r"^export (AWS_.*)$", (ROOT / page).read_text(), re.MULTILINE)
    words = [word for line in lines for word in shlex.split(line, comments=True)]
    return dict(word.split("=", 1) for word in words)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("page", ["xray-local/README.md", "docs/images.md"])
def test_a_client_works_with_the_exported_variables(
    page: str, client: str, xray_local: XRayLocal, tmp_path: Path
) -> None:
    """boto3 and version 1 of the AWS CLI do not read AWS_REGION."""
    environment = exported(page) | {"AWS_ENDPOINT_URL_XRAY": xray_local.api}
    environment |= {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(CLIENTS[client], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "arn:aws:xray:us-east-1:" in done.stdout
