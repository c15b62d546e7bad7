"""Database cursors that the SDK has wrapped, and whether OpenTelemetry records their queries: inside the SDK's wrapper,
where the library was instrumented first, or around it.
"""

import sys
from collections.abc import Iterator
from typing import Any, Final

import wrapt
from opentelemetry import trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.span import Span

_DBAPI: Final = "aws_xray_sdk.ext.dbapi2"
_OPENTELEMETRY: Final = "opentelemetry.instrumentation."
_PROXY: Final = getattr(wrapt, "BaseObjectProxy", wrapt.ObjectProxy)  # wrapt 1 has the second only
_SYSTEM: Final = ("db.system", "db.system.name")


def recorded_cursor(instance: Any) -> Any:
    """Return the cursor below the SDK's wrapper if its queries are recorded without it; None for anything else."""
    dbapi = sys.modules.get(_DBAPI)
    if dbapi is None or instance is None or not isinstance(instance, dbapi.XRayTracedCursor):
        return None
    cursor = instance.__wrapped__
    if not is_instrumentation_enabled() or _is_in_query():
        return cursor
    return cursor if any(map(_is_opentelemetrys, _layers(cursor))) else None


def _is_in_query() -> bool:
    """Return whether the current span is a query."""
    span = trace.get_current_span()
    return isinstance(span, Span) and span.kind is SpanKind.CLIENT and any(key in span._attributes for key in _SYSTEM)


def _is_opentelemetrys(layer: Any) -> bool:
    """Return whether a layer is a traced cursor of OpenTelemetry; the module of a wrapt proxy may not be a text."""
    kind = type(layer)
    return kind.__name__.startswith("Traced") or str(kind.__module__).startswith(_OPENTELEMETRY)


def _layers(cursor: Any) -> Iterator[Any]:
    yield cursor
    while isinstance(cursor, _PROXY):
        cursor = cursor.__wrapped__
        yield cursor
