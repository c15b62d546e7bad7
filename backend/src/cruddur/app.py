"""The app factory. It reads no environment variables itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aws_xray_sdk.core import xray_recorder
from flask import Flask, request
from opentelemetry import trace
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers.response import Response

from cruddur import access_log, errors
from cruddur.readiness import Readiness
from cruddur.routes import activities, health
from cruddur.settings import Settings
from cruddur.trace_reference import current_trace
from cruddur_tracing import TracingSettings
from cruddur_tracing import install as install_tracing

# The service's name on both wires, unless OTEL_SERVICE_NAME or AWS_XRAY_TRACING_NAME is set.
SERVICE_NAME = "backend-flask"


def utc_now() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


def create_app(
    settings: Settings, *, tracing: TracingSettings | None = None, clock: Callable[[], datetime] = utc_now
) -> Flask:
    """Build the traced app; without `tracing`, the tracing library reads its own variables."""
    app = Flask(SERVICE_NAME, root_path=str(Path(__file__).parent), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    install_tracing(app, tracing)
    # After the tracing: its hooks must run first, or a request rejected below would have no trace.
    access_log.install(app, silent=health.PATHS, current_trace=lambda: current_trace(xray_recorder))
    _limit_bodies(app, settings.max_body_bytes)
    app.after_request(_harden)
    errors.register(app)
    readiness = app.extensions[Readiness.EXTENSION] = Readiness()
    recorders = activities.Recorders(trace.get_tracer("cruddur"), xray_recorder)
    app.register_blueprint(health.blueprint(readiness))
    app.register_blueprint(activities.blueprint(recorders, clock, fail_route=settings.fail_route))
    return app


def _limit_bodies(app: Flask, most: int) -> None:
    """Reject a body by its declared size; Flask itself would do so only when a route reads it."""

    def reject_large_body() -> None:
        if (request.content_length or 0) > most:
            raise RequestEntityTooLarge(f"The request body is larger than {most} bytes.")

    app.before_request(reject_large_body)


def _harden(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
