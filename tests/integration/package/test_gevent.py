"""gunicorn's gevent workers: concurrent requests are isolated, and what sends their traces lets them run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.integration.package.conftest import Install, stock
from tests.tracing.served import documents, environment, sample_all, until

pytestmark = pytest.mark.process

CONCURRENT = 24
SWITCH = {"OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH": "patch_all"}


@pytest.fixture(scope="module")
def gevent(install: Install) -> Path:
    """Return the programs of an environment with gevent."""
    return install("3.12", "gevent")


@pytest.mark.parametrize("patched", ["early", "late"])
def test_concurrent_requests_are_isolated(
    gevent: Path, xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path, patched: str
) -> None:
    """Whether gevent patches before OpenTelemetry starts, or only in the worker: then one line says what to set."""
    sample_all(xray_local)
    settings = environment(xray_local, **(SWITCH if patched == "early" else {}))
    with stock(gevent, free_port(), tmp_path, settings, "--preload", "--worker-class=gevent") as served:
        with ThreadPoolExecutor(CONCURRENT) as clients:
            answers = list(clients.map(lambda _: served.get("/slow"), range(3 * CONCURRENT)))
        assert [answer.body["current"] for answer in answers] == [answer.body["begun"] for answer in answers]
        assert [answer.body["trace"] for answer in answers] == [answer.trace for answer in answers]
        assert len({answer.trace for answer in answers}) == 3 * CONCURRENT
        until(lambda: len(documents(xray_local, answers[-1].trace)) == 4)
    lines = [line for line in served.log.read_text().splitlines() if line.startswith("gunicorn: gevent patches")]
    assert [line.endswith("GEVENT_PATCH=patch_all") for line in lines] == ([] if patched == "early" else [True])
