"""The defaults of OpenTelemetry for an app that this library traces, as an OpenTelemetry distro named `cruddur`.

`opentelemetry-instrument` loads it before the app; `launcher` selects it. A variable that is set is left as it is.
See docs/decisions/001-otel-defaults.md.
"""

import os
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]

from cruddur_tracing.adoption.metrics import has_metrics
from cruddur_tracing.install import current

DEFAULTS: Final[Mapping[str, str]] = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_PROPAGATORS": "tracecontext,baggage,xray",
}


def set_defaults(environ: MutableMapping[str, str]) -> None:
    """Set what is missing in `environ`; the service is called what the X-Ray SDK calls it."""
    for variable, value in DEFAULTS.items():
        environ.setdefault(variable, value)
    tracing_name = environ.get("AWS_XRAY_TRACING_NAME")
    if tracing_name:
        environ.setdefault("OTEL_SERVICE_NAME", tracing_name)


class CruddurDistro(BaseDistro):  # type: ignore[misc]
    """What OTEL_PYTHON_DISTRO=cruddur means."""

    def _configure(self, **_kwargs: Any) -> None:
        set_defaults(os.environ)

    def load_instrumentor(self, entry_point: Any, **kwargs: Any) -> None:
        """Load an instrumentation; that of Flask only for its metrics, where this library makes the spans."""
        if entry_point.name != "flask" or current() is None or has_metrics(os.environ):
            super().load_instrumentor(entry_point, **kwargs)
