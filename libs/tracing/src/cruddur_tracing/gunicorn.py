"""The hook that a gunicorn.conf.py imports: what belongs to a worker starts in that worker.

`from cruddur_tracing.gunicorn import post_fork` is the one line an app needs. It never runs in the master.
"""


def post_fork(server: object, worker: object) -> None:
    """Start the sampling pollers anew in the worker that was just forked."""
