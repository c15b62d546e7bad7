"""`install(app)`: the one call of an app that starts OpenTelemetry itself, or has no command that does.

Under `opentelemetry-instrument` nothing needs to be called: `autoload` traces every Flask app of the process.
"""

import logging
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask
    from opentelemetry import trace

    from cruddur_tracing.process.settings import TracingSettings
    from cruddur_tracing.process.tracing import Tracing

log = logging.getLogger("cruddur_tracing")
_lock = threading.Lock()
_process: "list[Tracing]" = []
_serving: set[int] = set()  # this process, if a server has said that it answers requests


def install(
    app: "Flask",
    settings: "TracingSettings | None" = None,
    environ: Mapping[str, str] | None = None,
    *,
    tracer_provider: "trace.TracerProvider | None" = None,
) -> None:
    """Make every request of `app` one trace with one decision; a second call for the same app does nothing.

    `settings` default to what `environ` (default: the process's) says; raises SettingsError for a bad value there, and
    TypeError for an app that is not Flask's. `tracer_provider` is for an app whose provider is not OpenTelemetry's
    global one. It may be called before or after OpenTelemetry is started and the app is wrapped or instrumented.
    """
    from flask import Flask

    from cruddur_tracing.process.apps import trace_app
    from cruddur_tracing.process.settings import TracingSettings
    from cruddur_tracing.request.flask_app import EXTENSION

    if not isinstance(app, Flask):
        raise TypeError(f"install takes a flask.Flask, not {type(app).__module__}.{type(app).__qualname__}")
    if EXTENSION in app.extensions:
        return
    surroundings = os.environ if environ is None else environ
    chosen = settings or TracingSettings.from_env(surroundings)
    if not chosen.enabled:
        return
    trace_app(tracing(chosen, surroundings), app, chosen, surroundings, tracer_provider)


def tracing(settings: "TracingSettings", environ: Mapping[str, str]) -> "Tracing":
    """Return the tracing of this process, which the first call makes."""
    from cruddur_tracing.process.tracing import Tracing

    with _lock:
        if not _process:
            _process.append(Tracing(settings, environ))
            if os.getpid() in _serving:
                _process[0].serve()
        elif settings.agent not in {None, _process[0].settings.agent}:
            log.warning(
                "install: the agent is %s already, as for the first app of the process; %s is ignored",
                _process[0].settings.agent,
                settings.agent,
            )
        return _process[0]


def serve() -> None:
    """Start the tracing of a serving process now, or as soon as something in it is traced."""
    _serving.clear()
    _serving.add(os.getpid())
    if _process:
        _process[0].serve()


def uninstall() -> None:
    """Stop tracing in this process, and undo every takeover. Apps that were traced stay as they are."""
    with _lock:
        while _process:
            _process.pop().close()


def current() -> Any:
    """Return the tracing of this process, or None before it is made."""
    return _process[0] if _process else None
