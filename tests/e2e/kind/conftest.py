"""One cluster for the session, and one release that the tests of a module bring to the values they need."""

from collections.abc import Generator, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.e2e.kind import cluster as kind
from tests.e2e.kind import evidence, peers
from tests.e2e.kind.release import Release, installed
from tests.e2e.kind.results import FOLDER
from tests.e2e.kind.store import Store, opened

NAMESPACE = "cruddur-e2e"
CLUSTER = pytest.StashKey[kind.Cluster]()  # for the hook, which has no fixtures when one of them has failed


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, cluster_in_background: Future[kind.Cluster]) -> kind.Cluster:
    """A kind cluster of three nodes with the images."""
    running = cluster_in_background.result()
    request.session.stash[CLUSTER] = running
    return running


@pytest.fixture(scope="session")
def release(cluster: kind.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """The release; a test says by `ensure` which values it needs."""
    folder = tmp_path_factory.mktemp("values")
    with installed(cluster, NAMESPACE, folder, remove=not cluster.temporary) as made:
        yield made


@pytest.fixture(scope="session")
def store(cluster: kind.Cluster, release: Release) -> Iterator[Store]:
    """The release's xray-local."""
    with opened(cluster, release.namespace) as found:
        yield found


@pytest.fixture(scope="session")
def aws(cluster: kind.Cluster) -> Iterator[Store]:
    """X-Ray outside the release, in AWS's place."""
    with peers.running(cluster, peers.AWS) as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what the cluster has to say when a test, or what it needs, has failed."""
    report = yield
    running = item.session.stash.get(CLUSTER, None)
    if report.failed and running is not None:
        report.sections.append(("cluster", evidence.keep(running, Path(FOLDER, item.name, report.when))))
    return report
