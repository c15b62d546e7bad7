"""What the tests with Docker need: a Docker that answers, and the images that `make images` builds."""

import subprocess

import pytest

from tests.e2e.containers import DOCKER, image

NAMES = ("cruddur-backend", "xray-operator", "xray-local")


def _complaint(*arguments: str) -> str | None:
    try:
        run = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        return str(error)
    return run.stderr.strip() if run.returncode else None


@pytest.fixture(scope="session", autouse=True)
def _docker() -> None:
    complaint = _complaint("version")
    if complaint is not None:
        pytest.skip(f"no Docker answers: {complaint}")
    for name in NAMES:
        assert _complaint("image", "inspect", image(name)) is None, f"{image(name)} is missing; expected `make images`"
