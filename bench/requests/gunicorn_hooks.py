"""gunicorn's configuration for a profile: cProfile of a warm worker until its exit, saved as BENCH_PROFILE."""

import cProfile
import itertools
import os

WARM = 100  # requests before the profile begins

_profile = cProfile.Profile()
_requests = itertools.count(1)


def pre_request(worker: object, req: object) -> None:  # noqa: ARG001 (gunicorn looks at the names)
    """Start to profile the worker's main thread at the first request after the warm-up."""
    if next(_requests) == WARM + 1:
        _profile.enable()


def worker_exit(server: object, worker: object) -> None:  # noqa: ARG001
    """Save the profile."""
    _profile.disable()
    _profile.dump_stats(os.environ["BENCH_PROFILE"])
