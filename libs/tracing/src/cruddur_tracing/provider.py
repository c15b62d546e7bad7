"""Puts the library's sampler, ids and propagators onto an OpenTelemetry that someone else has started.

`install` calls it, also after tracers were made. It starts nothing and exports nothing.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask
from opentelemetry import metrics, propagate, trace
from opentelemetry.instrumentation._semconv import (
    _OpenTelemetrySemanticConventionStability,
    _OpenTelemetryStabilitySignalType,
)
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cruddur_tracing.failures import Failures
from cruddur_tracing.ids import XRayIdGenerator
from cruddur_tracing.incoming import INCOMING
from cruddur_tracing.spans import SpanHooks

INSTRUMENTATION: Final = "opentelemetry.instrumentation.flask"
EVENT: Final = "span.hook"
CAPTURED: Final = (
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE",
)


def started(given: trace.TracerProvider | None) -> TracerProvider | None:
    """Return `given`, or else the global provider; None if OpenTelemetry is not started or switched off."""
    provider = given or trace.get_tracer_provider()
    return provider if isinstance(provider, TracerProvider) and not provider._disabled else None


def adopt(provider: TracerProvider, sampler: Sampler) -> None:
    """Give `provider`, and every tracer it has made, our sampler and trace ids."""
    ids = XRayIdGenerator()
    provider.sampler = sampler
    provider.id_generator = ids
    for tracer in tuple(provider._tracers.values()):
        tracer.sampler = sampler
        tracer.id_generator = ids


def carry_both_headers() -> None:
    """Make outgoing calls carry `traceparent` and `X-Amzn-Trace-Id`, whatever OTEL_PROPAGATORS says."""
    current = propagate.get_global_textmap()
    wanted: tuple[TextMapPropagator, ...] = (TraceContextTextMapPropagator(), AwsXRayPropagator())
    missing = [one for one in wanted if not one.fields & current.fields]
    if missing:
        propagate.set_global_textmap(CompositePropagator([current, *missing]))


def instrument(app: Flask, provider: TracerProvider, environ: Mapping[str, str]) -> bool:
    """Let OpenTelemetry make the server spans of `app`; False if it was told not to instrument Flask."""
    if getattr(app, "_is_instrumented_by_opentelemetry", False):
        return True
    disabled = environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "")
    if {"flask", "*"} & {name.strip() for name in disabled.split(",")}:
        return False
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    return True


def span_hooks(provider: TracerProvider, failures: Failures, *, decide_first: bool) -> SpanHooks:
    """Return hooks that make the server spans, with the attributes that OTEL_SEMCONV_STABILITY_OPT_IN asks for."""
    mode = _OpenTelemetrySemanticConventionStability._get_opentelemetry_stability_opt_in_mode(
        _OpenTelemetryStabilitySignalType.HTTP
    )
    return SpanHooks(provider.get_tracer("cruddur_tracing"), failures, mode, decide_first=decide_first)


def name(provider: TracerProvider, service: str) -> None:
    """Call the service in OpenTelemetry what X-Ray calls it, where nobody has named it."""
    if str(provider.resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        provider._update_resource(Resource({SERVICE_NAME: service}))


@dataclass(frozen=True, slots=True)
class Layers:
    """The WSGI apps for requests that are traced and for excluded ones; `replaceable`: OpenTelemetry's hooks may go."""

    traced: Any
    excluded: Any
    replaceable: bool = False


def layers(app: Flask, failures: Failures, environ: Mapping[str, str]) -> Layers:
    """Find out what OpenTelemetry's Flask instrumentation is needed for in `app`.

    If it makes spans and nothing besides, its WSGI layer is left out. Else its hooks are made to pass over excluded
    requests and never to fail one. If something has been wrapped around its layer, all requests go there, and the
    sampler drops the excluded ones.
    """
    below = getattr(app, "_original_wsgi_app", None)
    if getattr(app.wsgi_app, "__module__", "") != INSTRUMENTATION or below is None:
        return Layers(app.wsgi_app, app.wsgi_app)
    if _does_nothing_else(app, environ):
        return Layers(below, below, replaceable=True)
    for registered in (app.before_request_funcs, app.teardown_request_funcs):
        hooks: list[Callable[..., Any]] = registered.get(None, [])
        hooks[:] = [
            _passing(hook, failures) if getattr(hook, "__module__", "") == INSTRUMENTATION else hook for hook in hooks
        ]
    return Layers(app.wsgi_app, below)


def _does_nothing_else(app: Flask, environ: Mapping[str, str]) -> bool:
    """Say whether OpenTelemetry's Flask instrumentation makes spans here and nothing besides."""
    if isinstance(metrics.get_meter_provider(), MeterProvider) and environ.get("OTEL_METRICS_EXPORTER") != "none":
        return False
    given = dict(inspect.getclosurevars(app.wsgi_app).nonlocals)
    for hook in app.before_request_funcs.get(None, []):
        if getattr(hook, "__module__", "") == INSTRUMENTATION:
            given |= inspect.getclosurevars(hook).nonlocals
    excluded = getattr(given.get("excluded_urls"), "_excluded_urls", None)
    return not (given.get("request_hook") or given.get("response_hook") or excluded or any(map(environ.get, CAPTURED)))


def _passing(hook: Callable[..., Any], failures: Failures) -> Callable[..., Any]:
    @functools.wraps(hook)
    def passing(*args: Any) -> Any:
        incoming = INCOMING.get()
        if incoming is not None and incoming.excluded:
            return None
        try:
            return hook(*args)
        except Exception as error:  # noqa: BLE001 - a request must not fail because its trace does
            failures.note(EVENT, f"{type(error).__name__}: {error}")
            return None

    return passing
