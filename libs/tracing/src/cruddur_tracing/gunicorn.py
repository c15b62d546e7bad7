"""gunicorn's workers: the tracing starts in them, and not in the master.

No line in gunicorn.conf.py is needed under `opentelemetry-instrument`. Where an app calls `install` itself, the line
`from cruddur_tracing.gunicorn import post_fork` lets a worker request the sampling rules before its first request.
"""

import functools
import logging
import sys
from typing import Any, Final

from cruddur_tracing.install import serve
from cruddur_tracing.resilience.forks import restart_all

log = logging.getLogger("cruddur_tracing")

GEVENT_SWITCH: Final = "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH=patch_all"
_PATCHED: Final = "_cruddur_tracing"


def post_fork(server: object, worker: object) -> None:  # noqa: ARG001 - gunicorn looks at the names
    """Start the tracing of a worker that was just forked, after gevent has patched it."""
    from gunicorn.workers import base

    watch_workers(base)


def watch_workers(base: Any) -> None:
    """Start the tracing in every worker; `base` is the module gunicorn.workers.base."""
    original = base.Worker.init_process
    if hasattr(original, _PATCHED):
        return
    patched_before = _gevent_has_patched()

    @functools.wraps(original)
    def init_process(self: Any) -> Any:
        if _gevent_has_patched() and not patched_before:
            restart_all()
            log.warning("gunicorn: gevent patches the worker, whose modules are in use already: set %s", GEVENT_SWITCH)
        serve()
        return original(self)

    setattr(init_process, _PATCHED, original)
    base.Worker.init_process = init_process


def _gevent_has_patched() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")
