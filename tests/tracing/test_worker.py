"""What belongs to a worker starts in each worker, and never in the master."""

from cruddur_tracing.gunicorn import post_fork
from cruddur_tracing.worker import WORKER, Worker


def test_a_master_starts_nothing() -> None:
    """With --preload the app is made in the master."""
    started: list[str] = []
    Worker().on_start("poller", lambda: started.append("poller"))
    assert started == []


def test_a_fork_starts_what_the_master_has_registered() -> None:
    """Each of --preload's workers starts its own, and the last of each name only."""
    started: list[str] = []
    worker = Worker()
    worker.on_start("poller", lambda: started.append("old poller"))
    worker.on_start("poller", lambda: started.append("poller"))
    worker.on_start("emitter", lambda: started.append("emitter"))
    worker.forked()
    assert started == ["poller", "emitter"]


def test_an_app_that_is_made_in_a_worker_starts_at_once() -> None:
    """Without --preload post_fork comes before the app; a child of that worker is not the worker."""
    started: list[str] = []
    process = [1]
    worker = Worker(process=lambda: process[0])
    worker.forked()
    worker.on_start("poller", lambda: started.append("poller"))
    process[0] = 2
    worker.on_start("poller", lambda: started.append("poller of the child"))
    assert started == ["poller"]


def test_gunicorns_hook_starts_the_worker() -> None:
    """The hook is called with server and worker, by position."""
    started: list[str] = []
    WORKER.on_start("test", lambda: started.append("test"))
    try:
        post_fork(object(), object())
    finally:
        WORKER.forget()
    assert started == ["test"]
