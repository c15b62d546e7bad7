"""Lets the tracers of an adopted TracerProvider make the library's spans, whenever they were made."""

import functools
from collections.abc import Sequence
from typing import Any, Final, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.trace import Link, Span, SpanKind

from cruddur_tracing.recording.start import Start

_PATCHED: Final = "_cruddur_tracing_original"
_OWNER: Final = "_cruddur_tracing_owner"


class Owner(Protocol):
    """Who makes the spans of a provider."""

    def start_span(self, name: str, start: Start, context: Context | None) -> Span:
        """Start a span for one of the provider's tracers."""


def own(processor: object, owner: Owner) -> None:
    """Let `owner` make the spans of all tracers that have this processor, as all of one provider do."""
    setattr(processor, _OWNER, owner)
    original = sdk.Tracer.start_span
    if not hasattr(original, _PATCHED):
        sdk.Tracer.start_span = _start_span(original)  # type: ignore[method-assign]


def disown(processor: object) -> None:
    """Let the SDK make the spans again."""
    if hasattr(processor, _OWNER):
        delattr(processor, _OWNER)


def _start_span(original: Any) -> Any:
    @functools.wraps(original)
    def start_span(  # noqa: PLR0913, PLR0917 - OpenTelemetry's signature
        self: sdk.Tracer,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        owner: Owner | None = getattr(self.span_processor, _OWNER, None)
        if owner is None or not _is_enabled(self):
            arguments = (name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception)
            return original(self, *arguments)  # type: ignore[no-any-return]
        scope = self._instrumentation_scope
        start = Start(kind, scope, attributes, links or (), start_time, record_exception, set_status_on_exception)
        return owner.start_span(name, start, context)

    setattr(start_span, _PATCHED, original)
    return start_span


def _is_enabled(tracer: sdk.Tracer) -> bool:
    enabled = getattr(tracer, "_is_enabled", None)  # since 1.40
    return True if enabled is None else bool(enabled())
