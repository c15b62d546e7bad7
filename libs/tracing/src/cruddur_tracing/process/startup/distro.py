"""The OpenTelemetry distro named `cruddur`: its defaults, its start, and which instrumentations it loads when.

`opentelemetry-instrument` loads it before the app; `launcher` selects it. Variables that are set stay as they are.
See docs/decisions/001-otel-defaults.md.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

import wrapt
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]

from cruddur_tracing.adoption.metrics import has_metrics
from cruddur_tracing.install import current
from cruddur_tracing.process.startup.collection import paused_collection

log = logging.getLogger("cruddur_tracing")

DEFAULTS: Final[Mapping[str, str]] = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_PROPAGATORS": "tracecontext,baggage,xray",
}


def set_defaults(environ: MutableMapping[str, str]) -> None:
    """Set the defaults of unset variables; the service gets the name that the X-Ray SDK uses."""
    for variable, value in DEFAULTS.items():
        environ.setdefault(variable, value)
    tracing_name = environ.get("AWS_XRAY_TRACING_NAME")
    if tracing_name:
        environ.setdefault("OTEL_SERVICE_NAME", tracing_name)


class CruddurDistro(BaseDistro):  # type: ignore[misc]
    """The distro of OTEL_PYTHON_DISTRO=cruddur."""

    def _configure(self, **_kwargs: Any) -> None:
        set_defaults(os.environ)
        with paused_collection():
            from cruddur_tracing.process.startup.sdk import start_sdk

            start_sdk(os.environ)

    def load_instrumentor(self, entry_point: Any, **kwargs: Any) -> None:
        """Load an instrumentation, at the import of its library if that has not been imported.

        That of Flask is loaded only for its metrics, where this library makes the spans.
        """
        name = entry_point.name
        if name == "flask" and current() is not None and not has_metrics(os.environ):
            return
        if is_importable_later(name):
            late = _LateInstrumentation(
                name, entry_point.module, partial(super().load_instrumentor, entry_point, **kwargs)
            )
            wrapt.when_imported(name)(late.library_imported)
            wrapt.when_imported(entry_point.module)(late.load)
        else:
            super().load_instrumentor(entry_point, **kwargs)


class _LateInstrumentation:
    """An instrumentation that is loaded once, when its library is imported by the app or by the instrumentation."""

    def __init__(self, name: str, module: str, load: Callable[[], None]) -> None:
        self._name = name
        self._module = module
        self._load = load
        self._loaded = False

    def library_imported(self, _library: Any) -> None:
        """Load it, unless the library is imported by the instrumentation's own module, which then is not complete."""
        spec = getattr(sys.modules.get(self._module), "__spec__", None)
        if not getattr(spec, "_initializing", False):
            self.load()

    def load(self, _module: Any = None) -> None:
        """Load it. An error is logged, so that the app's import does not fail."""
        if self._loaded:
            return
        self._loaded = True
        try:
            self._load()
        except Exception:
            log.exception("tracing.instrumentation: %s could not be loaded", self._name)


def is_importable_later(name: str) -> bool:
    """Return whether an instrumentation has the name of an installed library that has not been imported."""
    if not name.isidentifier() or name in sys.modules or name in sys.stdlib_module_names:
        return False
    return find_spec(name) is not None
