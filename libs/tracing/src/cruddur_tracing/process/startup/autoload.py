"""Traces every Flask app of a process that `opentelemetry-instrument` starts, without a line in the app.

OpenTelemetry calls `pre_instrument` (entry point group `opentelemetry_pre_instrument`) after it has started its SDK and
before it instruments anything, whichever distro is chosen.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any, Final

import wrapt

from cruddur_tracing.process.settings import SettingsError, TracingSettings
from cruddur_tracing.process.startup.collection import paused_collection

log = logging.getLogger("cruddur_tracing")
CONFIGURATOR: Final = "OTEL_PYTHON_CONFIGURATOR"
NAME: Final = "cruddur"
DISABLED: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


def pre_instrument() -> None:
    """Join OpenTelemetry's SDK now, and trace Flask apps and gunicorn workers as soon as these are imported."""
    if os.environ.get(CONFIGURATOR) == NAME:  # set by our distro for this process, and not for its children
        del os.environ[CONFIGURATOR]
    start(os.environ)


def start(environ: Mapping[str, str]) -> None:
    """See `pre_instrument`. An invalid setting is logged, and the library traces nothing."""
    try:
        settings = chosen_settings(environ)
    except SettingsError as error:
        log.error("tracing.settings: %s; nothing is traced by cruddur_tracing", error)  # noqa: TRY400 - one line
        return
    if settings is None:
        return
    with paused_collection():
        # Imported only now: a process that is not traced does not wait for it.
        from cruddur_tracing.gunicorn import watch_workers
        from cruddur_tracing.install import tracing

        process = tracing(settings, environ)
        process.join(settings.segment_name(""))

    def trace_flask(_flask: Any) -> None:
        with paused_collection():
            from cruddur_tracing.process.apps import trace_every_app

        trace_every_app(process, environ)

    wrapt.when_imported("flask")(trace_flask)
    wrapt.when_imported("gunicorn.workers.base")(watch_workers)


def chosen_settings(environ: Mapping[str, str]) -> TracingSettings | None:
    """Return the settings, or None if nothing is to be traced by the library. Raises SettingsError."""
    if is_disabled("flask", environ):
        return None
    settings = TracingSettings.from_env(environ)
    return settings if settings.enabled else None


def is_disabled(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names an instrumentation, or all."""
    return not {name, "*"}.isdisjoint(part.strip() for part in environ.get(DISABLED, "").split(","))
