"""The tracing of a process: its rules and wires, the TracerProviders that it has joined, and its Flask apps.

There is one in a process. It opens nothing and starts no thread before the first request, or before a gunicorn worker
begins to serve.
"""

import atexit
import logging
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import wrapt
from opentelemetry import propagate, trace
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from cruddur_tracing.adoption import provider as providers
from cruddur_tracing.adoption.metrics import observe_losses
from cruddur_tracing.adoption.provider import Adopted
from cruddur_tracing.process.anomalies import Anomalies
from cruddur_tracing.process.configured import Configured
from cruddur_tracing.process.decisions import Decisions
from cruddur_tracing.process.settings import TracingSettings
from cruddur_tracing.process.wires import LOSSES, Wires
from cruddur_tracing.recording.ids import XRayIdGenerator
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.resilience.failures import FAILURES
from cruddur_tracing.sampling.sampler import Process, XRaySampler
from cruddur_tracing.xray_sdk import global_recorder
from cruddur_tracing.xray_sdk.configuration.settings import Wiring

log = logging.getLogger("cruddur_tracing")
EXIT_SECONDS: Final = 1.2  # that all wires together may take at the exit: gunicorn and Python need up to 0.8 s more


class Tracing:
    """See the module; the settings and the environment are those of the first app."""

    def __init__(self, settings: TracingSettings, environ: Mapping[str, str]) -> None:
        self.settings = settings
        self.failures = FAILURES
        self.ids = XRayIdGenerator()
        self.wires = Wires(settings, environ, self.failures)
        self.decisions = Decisions(
            self.wires.agent.tcp, self.failures, settings.anomalies_per_second, self.wires.agent_answers
        )
        self.configured = Configured(settings, self.decisions, self.wires)
        self.anomalies = Anomalies(self.decisions, settings)
        self._lock = threading.Lock()
        self._adopted: WeakKeyDictionary[sdk.TracerProvider, Adopted] = WeakKeyDictionary()
        self._latest: Adopted | None = None  # of the latest request, if it has the name of the service
        self._alone: Pipeline | None = None
        self.first_app = ""  # the name of the first app, for what is recorded outside of any
        self.every_app: Mapping[str, str] | None = None  # the environment by which every Flask app is traced
        self._take_over_sdk()
        show_losses()
        atexit.register(self.shutdown)

    @property
    def in_words(self) -> str:
        """Where spans go and what decides, for the log."""
        return f"{self.wires.in_words}; decided by {self.decisions.in_words}"

    def pipeline(self, service: Callable[[], str]) -> Pipeline:
        """Return where spans go: to the provider that OpenTelemetry was started with, or to the wires alone."""
        adopted = self.adopted(None, service)
        return self.alone(service) if adopted is None else adopted.refresh()

    def alone(self, service: Callable[[], str]) -> Pipeline:
        """Return where spans go while OpenTelemetry has not been started."""
        return self._alone or self._without_provider(service())

    def adopted(self, given: trace.TracerProvider | None, service: Callable[[], str]) -> Adopted | None:
        """Return the given provider, or that which OpenTelemetry was started with, adopted; None if there is none."""
        adopted = self._latest
        found = given if given is not None else trace.get_tracer_provider()
        if adopted is not None and adopted.provider is found:
            return adopted
        provider = providers.started(found)
        if provider is None:
            return None
        adopted = self._adopted.get(provider) or self._adopt(provider, service())
        if not adopted.service:
            adopted.name(service())
            self._know(provider.resource)
        if adopted.service:
            self._latest = adopted
        return adopted

    def join(self, service: str) -> None:
        """Join the provider that OpenTelemetry has been started with, if there is one, before any request."""
        if providers.started(None) is not None:
            self.pipeline(lambda: service)

    def serve(self) -> None:
        """Start what a serving process needs, so that the rules are known before its first request."""
        if self.decisions.by_rules:
            self.decisions.rules.start()

    def shutdown(self) -> None:
        """Send what is queued within EXIT_SECONDS, and stop."""
        atexit.unregister(self.shutdown)
        self.decisions.rules.stop()
        self.wires.shutdown(EXIT_SECONDS)

    def close(self) -> None:
        """Stop, and undo every takeover; for tests, and for a process that removes its apps."""
        self.shutdown()
        global_recorder.release()
        for adopted in self._adopted.values():
            adopted.release()

    def _take_over_sdk(self) -> None:
        global_recorder.take_over(
            Wiring(
                pipeline=lambda: self.pipeline(self._service),
                should_trace=self.decisions.should_trace,
                service=self._service,
                on_configure=self.configured.change,
            )
        )

    def _service(self) -> str:
        return self.settings.segment_name(self.configured.made.service or self.first_app)

    def _without_provider(self, service: str) -> Pipeline:
        resource = Resource.create({SERVICE_NAME: service})
        self._know(resource)
        if global_recorder.is_sdk_installed():
            wrapt.when_imported("requests")(patch_requests)
        self._alone = Pipeline(
            resource, self.ids, self.failures, segments=self.wires.segments, hold=self.wires.held.add
        )
        return self._alone

    def _adopt(self, provider: sdk.TracerProvider, service: str) -> Adopted:
        with self._lock:
            known = self._adopted.get(provider)
            if known is not None:
                return known
            chosen = providers.chosen_sampler(provider)
            if isinstance(chosen, XRaySampler):  # OTEL_TRACES_SAMPLER=xray: the rules are ours
                chosen.rules.stop()
                chosen = None
            self.decisions.choose(opentelemetry=chosen)
            self._know(provider.resource)
            adopted = Adopted(
                provider,
                self.decisions.sampler(),
                service,
                self.ids,
                self.failures,
                self.wires.replacing,
                segments=self.wires.segments,
                hold=self.wires.held.add,
                ask_always=chosen is not None,
            )
            self._adopted[provider] = adopted
            atexit.unregister(self.shutdown)  # and again, to come before the provider's own, which has no deadline
            atexit.register(self.shutdown)
            carry_xray_header()
            return adopted

    def _know(self, resource: Resource) -> None:
        self.decisions.describe(Process.of(resource.attributes))


@cache
def show_losses() -> None:
    """Export the wires' losses as a metric, if there is a MeterProvider."""
    observe_losses(lambda: FAILURES.counts, LOSSES)


def patch_requests(_requests: Any) -> None:
    """Let the X-Ray SDK record the calls of `requests` and add its header, if OpenTelemetry is not started."""
    from aws_xray_sdk.core import patch

    patch(("requests",))


def carry_xray_header() -> None:
    """Send `X-Amzn-Trace-Id` with outgoing calls, as the X-Ray SDK does, besides the headers of OTEL_PROPAGATORS."""
    current = propagate.get_global_textmap()
    header = AwsXRayPropagator()
    if not header.fields & current.fields:
        propagate.set_global_textmap(CompositePropagator([current, header]))
