"""The service's gunicorn hooks: address check, drain and readiness."""

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

# Set if gunicorn inherits listening sockets instead of binding its own: after SIGUSR2, and under systemd.
INHERITED_SOCKETS = ("GUNICORN_FD", "LISTEN_FDS")
STOPS = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT})


def bind_address(settings: Settings) -> str:
    """Return gunicorn's `bind` value; an IPv6 address needs brackets."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


class Hooks:
    """The hooks of one gunicorn server: `post_worker_init` runs in each worker, the others in its master."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._server: Any = None
        self._drain = Drain(settings.drain_seconds)

    def on_starting(self, server: Any) -> None:
        """Exit with status 1 and one line on stderr if the address is not available.

        gunicorn itself retries for five seconds and logs it eleven times.
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
        """Install the drain before gunicorn's SIGTERM handler, which exists from now on."""
        self._drain.before(server.signal)

    def on_reload(self, server: Any) -> None:
        """Install the drain after SIGHUP, which reloads the settings and creates new hooks."""
        self._server = server
        self._drain.before(server.signal)

    def post_worker_init(self, worker: Any) -> None:
        """Connect the app's readiness to its worker, and stop if the signal came before the worker had handlers.

        From the fork until it sets its own handlers, a worker has the master's, which only put signals into a queue
        that the worker never reads: gunicorn would wait for such a worker until the graceful timeout kills it.
        """
        # With --reload, gunicorn serves its own error app for a syntax error, which has no readiness.
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
