"""Where the time of a request goes: cProfile of a sync worker's main thread under load.

cProfile makes every call dearer, so the shares are those of many small calls; the requests benchmark has the costs.
"""

import pstats
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import load
from bench.app.served import PATH, serving
from bench.processes import cores
from bench.requests.variants import Variant
from bench.sinks.client import running_sinks

LINES = 40


def run(variant: Variant, seconds: float, children: int, say: Callable[[str], None]) -> None:
    """Print the functions of one variant that take the most time of their own."""
    options = ["--workers", "1", "-c", "python:bench.requests.gunicorn_hooks"]
    with tempfile.TemporaryDirectory() as folder, running_sinks(variant.rate, cores()[1]) as sinks:
        file = Path(folder, "profile")
        settings = {"BENCH_PROFILE": str(file)}
        with serving(variant.recording, sinks, options, children=children, environment=settings) as served:
            say(f"profile: {variant.name}")
            done = load.send(served.port, PATH, seconds, clients=4)
        print(f"{len(done.latencies):,} requests")
        pstats.Stats(str(file)).strip_dirs().sort_stats("tottime").print_stats(LINES)
