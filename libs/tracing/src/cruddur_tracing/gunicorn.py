"""The hook that a gunicorn.conf.py imports: what belongs to a worker starts in that worker.

`from cruddur_tracing.gunicorn import post_fork` is the one line an app needs. It never does anything in the master.
"""

from cruddur_tracing.worker import WORKER


def post_fork(server: object, worker: object) -> None:  # noqa: ARG001 - gunicorn looks at the names
    """Start the sampling pollers anew in the worker that was just forked (also with --preload and after SIGHUP)."""
    WORKER.forked()
