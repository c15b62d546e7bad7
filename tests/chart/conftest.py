"""What the processes of one run share."""

import os

import pytest

from tests.chart import release


@pytest.fixture(scope="session", autouse=True)
def _shared_renders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let each value set be rendered by one process: helm takes most of the time of these tests."""
    own = tmp_path_factory.getbasetemp()
    release.SHARED = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "renders"
    release.SHARED.mkdir(exist_ok=True)
