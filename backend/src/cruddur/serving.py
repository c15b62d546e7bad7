"""What gunicorn's hooks do for the service. Called by `gunicorn.conf.py` only; it never serves a request."""

import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from cruddur.readiness import Readiness
from cruddur.settings import Settings

# Set where gunicorn takes over listening sockets instead of binding its own: after SIGUSR2, and under systemd.
INHERITED_SOCKETS = ("GUNICORN_FD", "LISTEN_FDS")


def bind_address(settings: Settings) -> str:
    """Give gunicorn's `bind` value; an IPv6 address needs brackets."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def address_check(settings: Settings, environ: Mapping[str, str]) -> Callable[[Any], None]:
    """Make gunicorn's `on_starting` hook: an address that cannot be had is one line on stderr and exit status 1.

    gunicorn itself tries for five seconds and says so eleven times.
    """

    def on_starting(_server: Any) -> None:
        if any(name in environ for name in INHERITED_SOCKETS):
            return
        try:
            _try_to_bind(settings.host, settings.port)
        except OSError as error:
            sys.stderr.write(f"cruddur: cannot listen on {bind_address(settings)}: {error.strerror or error}\n")
            raise SystemExit(1) from None

    return on_starting


def _try_to_bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        probe.bind((host, port))


def follow_worker(worker: Any) -> None:
    """Serve as gunicorn's `post_worker_init` hook: the app is ready as long as its worker takes requests."""
    readiness: Readiness = worker.wsgi.extensions[Readiness.EXTENSION]
    readiness.follow(lambda: bool(worker.alive))
