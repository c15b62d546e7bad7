"""The span of a request may be passed on to the wires later, when its request is gone."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor

from cruddur_tracing.recording.span import Span
from tests.tracing.request.conftest import Shop


@pytest.fixture
def held(shop: Shop) -> list[Span]:
    """What is held back."""
    spans: list[Span] = []
    shop.traced.pipeline().hold = spans.append
    return spans


def request(shop: Shop) -> None:
    """Answer a request whose environ the server uses again, as uWSGI does."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/users/ann",
        "RAW_URI": "/users/ann?a=b",
        "REMOTE_ADDR": "192.0.2.1",
        "REMOTE_PORT": "5000",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    list(shop.app(environ, lambda *_arguments: lambda _data: None))
    environ.clear()


@pytest.mark.parametrize("more", [{}, {"user": "ann"}], ids=["untouched", "with an attribute of the app"])
def test_what_is_known_of_the_request_is_kept(shop: Shop, held: list[Span], more: dict[str, str]) -> None:
    """Without what the server gave with it, which may be large."""
    shop.app.before_request(lambda: trace.get_current_span().set_attributes(more))
    request(shop)
    (span,) = held
    assert shop.spans() == []
    assert span.facts is None or not span.facts.environ  # type: ignore[attr-defined]
    span.recording.pass_on(span)
    (passed,) = shop.spans()
    assert passed.name == "GET /users/<name>"
    assert {**(passed.attributes or {})} == more | {
        "aws.local.service": "shop at shop.example",
        "aws.xray.sampling_rule": "rule",
        "http.method": "GET",
        "http.route": "/users/<name>",
        "http.scheme": "http",
        "http.server_name": "shop.example",
        "http.status_code": 200,
        "http.target": "/users/ann?a=b",
        "net.host.port": 80,
        "net.peer.ip": "192.0.2.1",
        "net.peer.port": 5000,
    }


def test_only_roots_without_changeable_values_are_held_back(shop: Shop, held: list[Span]) -> None:
    """A child belongs into its parent's document, and what X-Ray's API was given may change after the end."""

    @shop.app.before_request
    def work() -> None:
        shop.tracer().start_span("child").end()
        span = trace.get_current_span()
        assert isinstance(span, Span)
        span.xray_data().metadata["default"] = {"items": []}

    request(shop)
    assert held == []
    assert [span.name for span in shop.spans()] == ["child", "GET /users/<name>"]


def test_a_processor_of_the_app_gets_a_span_that_the_wires_have(shop: Shop, held: list[Span]) -> None:
    """It may change its attributes, or hand it on."""
    shop.provider.add_span_processor(SpanProcessor())
    request(shop)
    assert (held, len(shop.spans())) == ([], 1)
