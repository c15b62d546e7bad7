"""Puts the library's sampler, ids and propagators onto an OpenTelemetry that someone else has started.

`install` calls it, also after tracers were made. It starts nothing and exports nothing.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask
from opentelemetry import propagate, trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cruddur_tracing.failures import Failures
from cruddur_tracing.ids import XRayIdGenerator
from cruddur_tracing.incoming import INCOMING

INSTRUMENTATION: Final = "opentelemetry.instrumentation.flask"
EVENT: Final = "span.hook"


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


def name(provider: TracerProvider, service: str) -> None:
    """Call the service in OpenTelemetry what X-Ray calls it, where nobody has named it."""
    if str(provider.resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        provider._update_resource(Resource({SERVICE_NAME: service}))


def step_aside(app: Flask, failures: Failures) -> Any:
    """Let OpenTelemetry's hooks pass over excluded requests and never fail one.

    Returns the WSGI app below OpenTelemetry's wrapper, which is for excluded requests. None if something else has been
    wrapped around that: then the sampler drops them.
    """
    if getattr(app.wsgi_app, "__module__", "") != INSTRUMENTATION:
        return None
    for registered in (app.before_request_funcs, app.teardown_request_funcs):
        hooks: list[Callable[..., Any]] = registered.get(None, [])
        hooks[:] = [_passing(hook, failures) if hook.__module__ == INSTRUMENTATION else hook for hook in hooks]
    return getattr(app, "_original_wsgi_app", None)


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
