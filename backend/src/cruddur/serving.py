"""What gunicorn's hooks do for the service. Called by `gunicorn.conf.py` only; it never serves a request."""

import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from cruddur.drain import Drain
from cruddur.readiness import Readiness
from cruddur.settings import Settings

# Set where gunicorn takes over listening sockets instead of binding its own: after SIGUSR2, and under systemd.
INHERITED_SOCKETS = ("GUNICORN_FD", "LISTEN_FDS")
STOPS = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT})


def bind_address(settings: Settings) -> str:
    """Give gunicorn's `bind` value; an IPv6 address needs brackets."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


class Hooks:
    """The hooks of one gunicorn: `post_worker_init` runs in each worker, the others in its master."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._server: Any = None
        self._drain = Drain(settings.drain_seconds)

    def on_starting(self, server: Any) -> None:
        """End the start by one line on stderr, exit status 1, if the address cannot be had.

        gunicorn itself tries for five seconds and says so eleven times.
        """
        self._server = server
        if any(name in self._environ for name in INHERITED_SOCKETS):
            return
        try:
            _try_to_bind(self._settings.host, self._settings.port)
        except OSError as error:
            address = bind_address(self._settings)
            sys.stderr.write(f"cruddur: cannot listen on {address}: {error.strerror or error}\n")
            raise SystemExit(1) from None

    def when_ready(self, server: Any) -> None:
        """Take SIGTERM before gunicorn does, once it has set its own handlers."""
        self._drain.before(server.signal)

    def on_reload(self, server: Any) -> None:
        """Take over after SIGHUP: the settings, and with them these hooks, have been made anew."""
        self._server = server
        self._drain.before(server.signal)

    def post_worker_init(self, worker: Any) -> None:
        """Let the app be ready as long as its worker takes requests, and heed a stop that came too early.

        From the fork until a worker has handlers of its own it has the master's, which only put a signal into a queue
        that nobody in the worker reads: gunicorn would wait for such a worker until the graceful timeout kills it.
        """
        # With --reload, a syntax error is served by an app of gunicorn's own until the file is mended.
        readiness: Readiness | None = getattr(worker.wsgi, "extensions", {}).get(Readiness.EXTENSION)
        if readiness is not None:
            readiness.follow(lambda: bool(worker.alive) and not self._drain.begun)
        if self._server is not None and not STOPS.isdisjoint(_emptied(self._server.SIG_QUEUE)):
            worker.alive = False


def _emptied(signals: "SimpleQueue[int]") -> Iterator[int]:
    with suppress(Empty):
        while True:
            yield signals.get_nowait()


def _try_to_bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        probe.bind((host, port))
