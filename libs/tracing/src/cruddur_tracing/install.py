"""The one call an app makes: `install(app)` joins OpenTelemetry and the X-Ray SDK.

The app's factory calls it once, before the first request. It never starts a thread or opens a connection.
"""

import os
from collections.abc import Mapping

from flask import Flask, request
from opentelemetry import trace

from cruddur_tracing.settings import TracingSettings


def install(app: Flask, settings: TracingSettings | None = None, environ: Mapping[str, str] | None = None) -> None:
    """Make every request of `app` one trace with one decision.

    `settings` default to what `environ` (default: the process's) says; raises SettingsError for a bad value there.
    """
    chosen = settings or TracingSettings.from_env(os.environ if environ is None else environ)
    if not chosen.xray_enabled:
        return
    from aws_xray_sdk.core import xray_recorder
    from aws_xray_sdk.ext.flask.middleware import XRayMiddleware

    xray_recorder.configure(service=chosen.segment_name(app.name), dynamic_naming=chosen.url_pattern or None)
    app.before_request(_hand_over)
    XRayMiddleware(app, xray_recorder)


def _hand_over() -> None:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        root = f"{context.trace_id:032x}"
        request.environ["HTTP_X_AMZN_TRACE_ID"] = (
            f"Root=1-{root[:8]}-{root[8:]};Parent={context.span_id:016x};Sampled={int(context.trace_flags.sampled)}"
        )
