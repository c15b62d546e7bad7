"""The stage of the backend's image that file sync works on."""

from collections.abc import Callable

import pytest

from tests.backend.processes import get
from tests.e2e.containers import docker, running
from tests.waiting import until
from tools.provide import ROOT

pytestmark = pytest.mark.e2e
NAME = "cruddur-backend:dev-e2e"
SOURCE = "backend/src/cruddur/routes/health.py"
FILE = f"/app/{SOURCE}"


def test_a_file_that_is_synced_reloads_the_workers(free_port: Callable[[], int]) -> None:
    """Its user may write the sources; a file with a mistake is served as an error until it is mended."""
    docker("build", "--quiet", "--file=backend/Dockerfile", "--target=dev", f"--tag={NAME}", str(ROOT))
    port = free_port()
    source = (ROOT / SOURCE).read_text()
    with running(NAME, environment={"PORT": str(port), "WEB_CONCURRENCY": "1"}, options=()) as container:
        url = f"http://127.0.0.1:{port}"

        def answers(path: str, status: int) -> Callable[[], bool]:
            def ask() -> bool:
                try:
                    return get(url + path) == status
                except OSError:  # the worker is being replaced
                    assert container.is_running(), container.everything()
                    return False

            return ask

        until(answers("/healthz", 200), "the backend answers")
        container.write(FILE, source.replace('"/healthz"', '"/alive"'))
        until(answers("/alive", 200), "the new route answers")
        container.write(FILE, source + "\ndef (")
        until(answers("/alive", 500), "the mistake is shown")
        container.write(FILE, source)
        until(answers("/healthz", 200), "the old route answers again")
