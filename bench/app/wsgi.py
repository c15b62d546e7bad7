"""What gunicorn serves: one route with about 1.8 KB of JSON and BENCH_CHILDREN children, and two that take long."""

import os
import time
from collections.abc import Iterator

from flask import Flask

from bench.app.recorders import Child, chosen

ACTIVITIES = [
    {"uuid": f"68f126b0-1ceb-4a33-88be-{number:012x}", "handle": "andrewbrown", "message": "Cloud is fun! " * 7}
    for number in range(10)
]


def add_routes(app: Flask, child: Child, children: int) -> None:
    """Add the routes."""

    @app.get("/activities")
    def activities() -> list[dict[str, str]]:
        for _ in range(children):
            with child():
                pass
        return ACTIVITIES

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    @app.get("/sleep")
    def sleep() -> str:
        time.sleep(30)
        return "awake"

    @app.get("/hold")
    def hold() -> Iterator[str]:
        """Stay in a C call that neither releases the interpreter nor looks for signals, once the response has begun."""
        yield "holding"
        yield str(sum(range(10**12)))


app, _child = chosen()(lambda: Flask("bench"))
add_routes(app, _child, int(os.environ.get("BENCH_CHILDREN", "0")))
