"""What the tests with Docker need: a Docker that answers, and the images that `make images` builds."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.containers import DOCKER, image

NAMES = ("cruddur-backend", "xray-operator", "xray-local")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in its own hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run the tests on the cluster, which they share, and another the rest."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.xdist_group("kind" if item.path.is_relative_to(folder / "kind") else "docker"))


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
