"""What the tests with Docker need: a Docker that answers, the images that `make images` builds, and a kind cluster."""

import math
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.containers import DOCKER, image
from tests.e2e.kind import cluster as kind

NAMES = ("cruddur-backend", "xray-operator", "xray-local")
ON_A_CLUSTER = Path(__file__).with_name("kind")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs no cluster first, while the clusters are made; then the files with the most tests."""
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: -tests[item.path] if item.path.parent == ON_A_CLUSTER else -math.inf)


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


@pytest.fixture(scope="session", autouse=True)
def cluster_in_background(
    _docker: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Future[kind.Cluster]]:
    """The process's cluster, which is made from its first test on if any of them needs one."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        making = Future[kind.Cluster]()
        if any("cluster" in getattr(item, "fixturenames", ()) for item in request.session.items):
            folder = tmp_path_factory.mktemp("kind")
            making = pool.submit(stack.enter_context, kind.running(folder, os.environ))
        yield making
