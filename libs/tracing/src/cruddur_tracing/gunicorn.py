"""gunicorn's workers: what belongs to a process that serves starts there, and not in the master.

No line in gunicorn.conf.py is needed under `opentelemetry-instrument`. Where an app calls `install` itself, the line
`from cruddur_tracing.gunicorn import post_fork` lets a worker ask for the sampling rules before its first request.
"""

import functools
from typing import Any, Final

from cruddur_tracing.install import serve

_PATCHED: Final = "_cruddur_tracing"


def post_fork(server: object, worker: object) -> None:  # noqa: ARG001 - gunicorn looks at the names
    """Start what belongs to the worker that was just forked."""
    serve()


def watch_workers(base: Any) -> None:
    """Let every worker serve; `base` is the module gunicorn.workers.base."""
    original = base.Worker.init_process
    if hasattr(original, _PATCHED):
        return

    @functools.wraps(original)
    def init_process(self: Any) -> Any:
        serve()
        return original(self)

    setattr(init_process, _PATCHED, original)
    base.Worker.init_process = init_process
