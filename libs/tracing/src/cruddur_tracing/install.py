"""The one call an app makes: `install(app)` joins OpenTelemetry and the X-Ray SDK.

The app's factory calls it once, after OpenTelemetry was started and before the first request. It opens no connection,
and starts a thread only in a process that gunicorn's post_fork has named a worker.
"""

import importlib.util
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cruddur_tracing.failures import FAILURES
from cruddur_tracing.settings import TracingSettings
from cruddur_tracing.worker import WORKER

if TYPE_CHECKING:
    from flask import Flask
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    from cruddur_tracing.central import RequestRules
    from cruddur_tracing.provider import Layers

EXTENSION = "cruddur_tracing"


def install(
    app: "Flask",
    settings: TracingSettings | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    tracer_provider: "trace.TracerProvider | None" = None,
) -> None:
    """Make every request of `app` one trace with one decision; a second call for the same app does nothing.

    `settings` default to what `environ` (default: the process's) says; raises SettingsError for a bad value there.
    `tracer_provider` is for an app whose provider is not OpenTelemetry's global one.
    """
    if EXTENSION in app.extensions:
        return
    surroundings = os.environ if environ is None else environ
    chosen = settings or TracingSettings.from_env(surroundings)
    _Installation(app, chosen, surroundings).run(tracer_provider)
    app.extensions[EXTENSION] = FAILURES


class _Installation:
    """The steps of `install`, in their order."""

    def __init__(self, app: "Flask", settings: TracingSettings, environ: Mapping[str, str]) -> None:
        self._app = app
        self._settings = settings
        self._environ = environ
        self._service = settings.segment_name(app.name)

    def run(self, given: "trace.TracerProvider | None") -> None:
        from cruddur_tracing import provider

        opentelemetry = provider.started(given)
        spans = opentelemetry is not None and provider.instrument(self._app, opentelemetry, self._environ)
        recorder = self._recorder()
        if opentelemetry is not None:
            self._join(opentelemetry, recorder)
        elif recorder is not None:
            _patch_outgoing_calls()
        layers = provider.Layers(self._app.wsgi_app, self._app.wsgi_app)
        if spans:
            layers = provider.layers(self._app, FAILURES, self._environ)
        self._wrap(recorder, layers)
        self._hook(recorder, opentelemetry if spans else None, replace=layers.replaceable)

    def _recorder(self) -> Any:
        """Return aws_xray_sdk's recorder with our emitter and sampler; its import makes a socket and clients.

        None if it is switched off: then the calls of aws_xray_sdk in the app's own code do nothing.
        """
        from aws_xray_sdk import global_sdk_config

        global_sdk_config.set_sdk_enabled(self._settings.xray_enabled)
        if not self._settings.xray_enabled:
            return None
        from aws_xray_sdk.core import xray_recorder

        from cruddur_tracing.central import CentralSampler
        from cruddur_tracing.emitter import DatagramEmitter

        agent = self._settings.agent
        xray_recorder.service = self._service
        xray_recorder.dynamic_naming = self._settings.url_pattern or None
        if not isinstance(xray_recorder.emitter, DatagramEmitter) or xray_recorder.emitter.agent != agent:
            xray_recorder.emitter = DatagramEmitter(agent, FAILURES)
        if not isinstance(xray_recorder.sampler, CentralSampler) or xray_recorder.sampler.agent != agent:
            local = getattr(xray_recorder.sampler, "_local_sampler", None)
            xray_recorder.sampler = CentralSampler(agent, xray_recorder.context, FAILURES, local)
        WORKER.on_start("emitter", xray_recorder.emitter.restart)
        WORKER.on_start("sampler", xray_recorder.sampler.restart)
        return xray_recorder

    def _join(self, opentelemetry: "TracerProvider", recorder: Any) -> None:
        from cruddur_tracing import provider
        from cruddur_tracing.sampler import BridgeSampler

        if recorder is None:
            sampler = BridgeSampler.around(opentelemetry.sampler)
        else:
            sampler = BridgeSampler.by_rules(self._rules(recorder).decide)
        provider.adopt(opentelemetry, sampler)
        provider.name(opentelemetry, self._service)
        provider.carry_both_headers()

    def _rules(self, recorder: Any) -> "RequestRules":
        from cruddur_tracing.central import RequestRules

        return RequestRules(recorder, self._service, FAILURES)

    def _wrap(self, recorder: Any, layers: "Layers") -> None:
        from cruddur_tracing.bridge import Entrance

        naming = recorder.dynamic_naming if recorder is not None else None
        service = self._service
        self._app.wsgi_app = Entrance(  # type: ignore[method-assign]
            layers.traced,
            untraced=layers.excluded,
            excluded=frozenset(self._settings.excluded_paths),
            name=naming.get_name if naming is not None else lambda _host: service,
            failures=FAILURES,
        )

    def _hook(self, recorder: Any, opentelemetry: "TracerProvider | None", *, replace: bool) -> None:
        """Register the recorders' hooks; OpenTelemetry's own make the spans unless they may be replaced."""
        from cruddur_tracing import provider
        from cruddur_tracing.hooks import Part, RequestHooks
        from cruddur_tracing.segments import SegmentHooks

        parts: list[Part] = []
        if opentelemetry is not None and replace:
            parts.append(provider.span_hooks(opentelemetry, FAILURES, decide_first=recorder is not None))
        if recorder is not None:
            under_span = opentelemetry is not None
            segments = SegmentHooks(recorder, self._rules(recorder), FAILURES, under_span=under_span)
            segments.watch_templates(self._app)
            parts.append(segments)
        if parts:
            RequestHooks(tuple(parts)).register(self._app, provider.INSTRUMENTATION if replace else None)


def _patch_outgoing_calls() -> None:
    """Without OpenTelemetry, the X-Ray SDK puts its header on what `requests` sends."""
    from aws_xray_sdk.core import patch

    if importlib.util.find_spec("requests") is not None:
        patch(("requests",))
