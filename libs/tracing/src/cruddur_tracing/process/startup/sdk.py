"""Starts OpenTelemetry's SDK under `opentelemetry-instrument`, as the environment configures it.

The SDK's own configurator imports metrics, logs, and an exporter with protobuf and `requests`, which is most of the
time of a start. Spans for OTLP over HTTP are sent by this library: no exporter is imported, nor need be installed.
"""

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.instrumentation.version import __version__
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from cruddur_tracing.process.startup.autoload import CONFIGURATOR, NAME, chosen_settings
from cruddur_tracing.process.wires import OtlpProcessor
from cruddur_tracing.wires.otlp.settings import OtlpSettings, from_environment, has_netrc, wants_http

log = logging.getLogger("cruddur_tracing")
_LOADER: Final = "opentelemetry.instrumentation.auto_instrumentation._load"
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_OTHER_EXPORTERS: Final = ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
# What only the SDK's own configurator reads.
_OTHER_SETTINGS: Final = (
    "OTEL_CONFIG_FILE",
    "OTEL_PYTHON_ID_GENERATOR",
    "OTEL_PYTHON_LOGGER_CONFIGURATOR",
    "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
    "OTEL_PYTHON_METER_CONFIGURATOR",
    "OTEL_PYTHON_TRACER_CONFIGURATOR",
    "OTEL_TRACES_SAMPLER",
)


def start_sdk(environ: MutableMapping[str, str]) -> None:
    """Start the SDK, unless the environment names another configurator, which does it."""
    if environ.get(CONFIGURATOR) not in {None, "", NAME}:
        return
    endpoint = endpoint_of(environ)
    if endpoint is None and _has_exporter(environ, _EXPORTER):
        _configure_exporter(environ)
    elif any(map(environ.get, _OTHER_SETTINGS)) or any(_has_exporter(environ, name) for name in _OTHER_EXPORTERS):
        with _without_exporter(environ):
            _configure()
    else:
        resource = Resource.create({"telemetry.auto.version": __version__})
        trace.set_tracer_provider(TracerProvider(resource=resource))
    provider = trace.get_tracer_provider()
    if endpoint is not None and isinstance(provider, TracerProvider):
        provider.add_span_processor(OtlpProcessor(endpoint))
    environ[CONFIGURATOR] = NAME  # that of opentelemetry-distro would start the SDK once more
    logging.getLogger(_LOADER).addFilter(_is_unexpected)


def endpoint_of(environ: Mapping[str, str]) -> OtlpSettings | None:
    """Return where this library sends spans by OTLP, or None if it does not, or needs an exporter for it."""
    try:
        if chosen_settings(environ) is None or not wants_http(environ):
            return None
        endpoint = from_environment(environ)
    except ValueError:  # SettingsError, too
        return None
    return None if has_netrc(endpoint.endpoint, environ) else endpoint


def _has_exporter(environ: Mapping[str, str], variable: str) -> bool:
    return environ.get(variable, "").strip().lower() not in {"", "none"}


def _configure_exporter(environ: MutableMapping[str, str]) -> None:
    """Start the SDK with the exporters that the environment names; without them if that of spans is not installed."""
    try:
        _configure()
    except RuntimeError as error:
        problem = f"{_EXPORTER}: {environ[_EXPORTER]!r}: expected an installed exporter: {error}"
        log.error("tracing.exporter: %s; no spans are exported", problem)  # noqa: TRY400 - one line
        with _without_exporter(environ):
            _configure()


def _configure() -> None:
    """Start the SDK by its own configurator."""
    from opentelemetry.sdk._configuration import _OTelSDKConfigurator

    _OTelSDKConfigurator().configure(auto_instrumentation_version=__version__)  # type: ignore[no-untyped-call]


@contextmanager
def _without_exporter(environ: MutableMapping[str, str]) -> Iterator[None]:
    exporter = environ.get(_EXPORTER, "none")
    environ[_EXPORTER] = "none"
    try:
        yield
    finally:
        environ[_EXPORTER] = exporter


def _is_unexpected(record: Any) -> bool:
    """Return False for OpenTelemetry's warning that a configurator is not loaded because ours is named."""
    return not (isinstance(record.args, tuple) and record.args[1:2] == (NAME,))
