"""A Flask app whose requests are recorded into memory; what decides is given by the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from cruddur_tracing.adoption.provider import Adopted
from cruddur_tracing.recording.span import Span
from cruddur_tracing.request import flask_app, templates
from cruddur_tracing.request.app import TracedApp
from cruddur_tracing.request.handling import Handling
from cruddur_tracing.resilience.failures import Failures
from tests.tracing.memory import MemoryWire

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@dataclass(slots=True)
class Shop:
    """A traced app: `decision` is what the rules say, `asked` the services that they were asked about."""

    app: Flask
    traced: TracedApp
    wire: MemoryWire
    provider: TracerProvider
    failures: Failures
    decision: bool = True
    asked: list[str] = field(default_factory=list)
    unsampled: list[Handling] = field(default_factory=list)

    @property
    def client(self) -> FlaskClient:
        """A client of the app."""
        return self.app.test_client()

    def spans(self) -> list[Span]:
        """Return the spans that ended since the last call."""
        ended = list(self.wire.spans)
        self.wire.spans.clear()
        return ended

    def tracer(self) -> Any:
        """Return a tracer of the app's provider."""
        return self.provider.get_tracer("handler")


def view(shop: Shop, handler: Any, path: str = "/view") -> Any:
    """Register a handler and ask for it."""
    shop.app.add_url_rule(path, path.strip("/"), handler)
    return shop.client.get(path, headers=PARENT)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """An app with a few routes."""
    wire, failures, provider = MemoryWire(), Failures(), TracerProvider(shutdown_on_exit=False)
    adopted = Adopted(provider, ALWAYS_OFF, "shop", provider.id_generator, failures, lambda _processor: None)
    adopted.pipeline.otlp = wire
    app = Flask("shop")
    app.add_url_rule("/", "home", view_func=lambda: "hello")
    app.add_url_rule("/healthz", "healthz", view_func=lambda: "ok")
    app.add_url_rule("/users/<name>", "user", view_func=lambda name: name)

    def decide(
        naming: Callable[[str], str],
        host: str,
        environ: dict[str, Any],
        xray_id: str,
        base: Context,
    ) -> tuple[bool, str, str | None, None]:
        made.asked.append(naming(host))
        return made.decision, naming(host), "rule", None

    traced = TracedApp(
        failures,
        InstrumentationScope("shop"),
        lambda host: f"shop at {host}",
        decide,
        adopted.refresh,
        lambda _recording: None,
        lambda _handling: None,
        lambda handling: made.unsampled.append(handling),  # noqa: PLW0108 - made later
        lambda _environ: None,
        frozenset({"/healthz"}),
        captures=True,
    )
    made = Shop(app, traced, wire, provider, failures)
    flask_app.patch(lambda asked: traced if asked is app else None)
    templates.watch()
    yield made
    templates.unwatch()
    flask_app.unpatch()
