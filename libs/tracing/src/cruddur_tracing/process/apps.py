"""The Flask apps of the process that are traced: those that were installed, or every one."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask
from opentelemetry import trace
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from cruddur_tracing.process.joining import Joining
from cruddur_tracing.process.naming import Naming
from cruddur_tracing.process.settings import TracingSettings
from cruddur_tracing.process.startup.version import __version__
from cruddur_tracing.process.tracing import Tracing
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.request import flask_app, given, templates
from cruddur_tracing.request.app import TracedApp
from cruddur_tracing.request.conventions import Conventions
from cruddur_tracing.xray_sdk.recorder.ending import close_open
from cruddur_tracing.xray_sdk.takeover.flask_middleware import remove_middleware

SCOPE: Final = "cruddur_tracing"
_lock = threading.Lock()


def trace_app(
    tracing: Tracing,
    app: Flask,
    settings: TracingSettings,
    environ: Mapping[str, str],
    tracer_provider: trace.TracerProvider | None = None,
) -> TracedApp:
    """Trace an app, and keep its state as the app's extension `cruddur_tracing`."""
    tracing.first_app = tracing.first_app or app.name
    naming = Naming(settings, app.name, tracing.configured)

    def pipeline() -> Pipeline:
        adopted = tracing.adopted(tracer_provider, naming.of_service)
        if adopted is None:
            return tracing.alone(naming.of_service)
        if adopted.service:  # then it is the provider of every later request
            traced.pipeline, traced.settled = adopted.refresh, adopted.pipeline
        return adopted.refresh()

    traced = TracedApp(
        failures=tracing.failures,
        scope=InstrumentationScope(SCOPE, __version__),
        service=naming.of_host,
        decide=tracing.decisions.decide,
        pipeline=pipeline,
        close_open=close_open,
        sampled=tracing.anomalies.sampled,
        unsampled=tracing.anomalies.unsampled,
        captures=tracing.anomalies.captures,
        excluded_paths=frozenset(settings.excluded_paths),
        excluded_url=given.excluded_url(),
        conventions=Conventions.chosen(environ),
        request_hooks=given.request_hooks(environ),
        response_hooks=given.response_hooks(environ),
        join=lambda _environ: None,
    )
    traced.join = Joining(app, traced, environ, remove_middleware, lambda: tracing.in_words).join
    app.extensions[flask_app.EXTENSION] = traced
    flask_app.patch(_find(tracing))
    flask_app.enter(app, traced)
    templates.watch()
    return traced


def trace_every_app(tracing: Tracing, environ: Mapping[str, str]) -> None:
    """Trace each app of the process from its first request on."""
    tracing.every_app = environ
    flask_app.patch(_find(tracing))
    templates.watch()


def _find(tracing: Tracing) -> Callable[[Flask], TracedApp | None]:
    def find(app: Flask) -> TracedApp | None:
        if tracing.every_app is None:
            return None
        with _lock:
            known: Any = app.extensions.get(flask_app.EXTENSION)
            return known or trace_app(tracing, app, tracing.settings, tracing.every_app)

    return find
