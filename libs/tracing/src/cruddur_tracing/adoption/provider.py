"""Adopts a TracerProvider: its spans go to the wires, and to those of its processors that are not replaced."""

from collections.abc import Callable
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler

from cruddur_tracing.adoption import tracer as tracers
from cruddur_tracing.recording.limits import Limits
from cruddur_tracing.recording.pipeline import Pipeline, Wire
from cruddur_tracing.recording.start import Start, start_decided, start_span
from cruddur_tracing.resilience.failures import Failures

UNKNOWN: Final = "unknown_service"
Replace = Callable[[sdk.SpanProcessor], "Wire | None"]


def started(given: trace.TracerProvider | None) -> sdk.TracerProvider | None:
    """Return `given`, or else the global provider; None if OpenTelemetry is not started or switched off."""
    provider = given if given is not None else trace.get_tracer_provider()
    return provider if isinstance(provider, sdk.TracerProvider) and not provider._disabled else None


def chosen_sampler(provider: sdk.TracerProvider) -> Sampler | None:
    """Return the sampler that was chosen for the provider; None for the SDK's default."""
    return None if provider.sampler is DEFAULT_ON else provider.sampler


def limits_of(provider: sdk.TracerProvider) -> Limits:
    """Return the provider's span limits."""
    known = provider._span_limits
    return Limits(
        attributes=known.max_span_attributes,
        events=known.max_events,
        links=known.max_links,
        event_attributes=known.max_event_attributes,
        link_attributes=known.max_link_attributes,
        span_text=known.max_span_attribute_length,
        text=known.max_attribute_length,
    )


class Adopted:
    """A provider whose spans are made here.

    `replace` returns the wire that does a processor's work, or None to leave the processor alone. With `ask_always` the
    sampler is the app's own and is called for every span, as by OpenTelemetry's SDK.
    """

    def __init__(  # noqa: PLR0913 - the facts of a provider
        self,
        provider: sdk.TracerProvider,
        sampler: Sampler,
        service: str,
        ids: IdGenerator,
        failures: Failures,
        replace: Replace,
        *,
        segments: Wire | None = None,
        hold: Callable[[Any], None] | None = None,
        ask_always: bool = False,
    ) -> None:
        if type(provider.id_generator) is not RandomIdGenerator:
            ids = provider.id_generator
        self.provider = provider
        self.sampler = sampler
        self.service = ""
        self.ask_always = ask_always
        self.pipeline = Pipeline(provider.resource, ids, failures, limits_of(provider), segments, hold=hold)
        self._replace = replace
        self._seen: object = None
        self.name(service)
        provider.sampler = sampler
        provider.id_generator = ids  # type: ignore[assignment]  # the SDK takes any generator
        self.refresh()
        tracers.own(provider._active_span_processor, self)

    def name(self, service: str) -> None:
        """Give the service X-Ray's name for it if it has none for OpenTelemetry; empty means not known yet."""
        if service:
            self.service = service
            resource = self.provider._resource
            if str(resource.attributes.get(SERVICE_NAME, "")).startswith(UNKNOWN):
                self.provider._resource = resource.merge(Resource({SERVICE_NAME: service}))

    def release(self) -> None:
        """Let the SDK make the provider's spans again."""
        tracers.disown(self.provider._active_span_processor)

    def refresh(self) -> Pipeline:
        """Check whether a processor was added or the resource changed, and return the pipeline."""
        provider, pipeline = self.provider, self.pipeline
        multi = provider._active_span_processor
        if getattr(multi, "_span_processors", None) is not self._seen:
            self._seen = self._sort(multi)
        if pipeline.resource is not provider._resource:  # after a fork it names the process
            pipeline.describe(provider._resource)
        return pipeline

    def start_span(self, name: str, start: Start, context: Context | None) -> trace.Span:
        """Start a span for one of the provider's tracers."""
        begin = start_decided if self.ask_always else start_span
        return begin(self.refresh(), self.sampler, self.service, name, start, context)

    def _sort(self, multi: Any) -> object:
        """Take out the processors that a wire replaces, and return the list that was looked at."""
        processors = getattr(multi, "_span_processors", None)
        if not isinstance(processors, tuple) or not isinstance(multi, sdk.SynchronousMultiSpanProcessor):
            self.pipeline.processors = (multi,)
            return processors
        kept = []
        for processor in processors:
            wire = self._replace(processor)
            if wire is None:
                kept.append(processor)
            else:
                self.pipeline.otlp = wire
                kept.append(WireProcessor(wire))
        multi._span_processors = tuple(kept)
        self.pipeline.processors = tuple(processor for processor in kept if not isinstance(processor, WireProcessor))
        return multi._span_processors


class WireProcessor(sdk.SpanProcessor):
    """Stands in the provider for the processor that a wire has replaced: it is flushed and shut down with it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what is queued and return whether all was sent in that time."""
        return self._wire.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Send what is queued; the library shuts the wire down at the end of the process."""
        self._wire.flush(2.0)
