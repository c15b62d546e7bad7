"""One cluster for the session, and one release that the tests of a module bring to the values they need."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.cluster import ROOT
from tests.e2e.kind import cluster as kind
from tests.e2e.kind.release import Release, installed, keep_logs
from tests.e2e.kind.store import Store, opened

NAMESPACE = "cruddur-e2e"
LOGS = ROOT / "build/e2e"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kind.Cluster]:
    """A kind cluster of three nodes with the images."""
    with kind.running(tmp_path_factory.mktemp("kind"), os.environ) as running:
        yield running


@pytest.fixture(scope="session")
def release(cluster: kind.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """The release; a test says by `ensure` which values it needs."""
    with installed(cluster, NAMESPACE, tmp_path_factory.mktemp("values")) as made:
        yield made


@pytest.fixture(scope="session")
def store(cluster: kind.Cluster, release: Release) -> Iterator[Store]:
    """The release's xray-local."""
    with opened(cluster, release.namespace) as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the logs of all pods when a test has failed; they go with the cluster."""
    report = yield
    release = getattr(item, "funcargs", {}).get("release")
    if report.failed and isinstance(release, Release):
        folder = Path(LOGS, item.name)
        keep_logs(release, folder)
        report.sections.append(("pods", f"their logs are in {folder.relative_to(ROOT)}"))
    return report
