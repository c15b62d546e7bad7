"""The segment of a request: the document, its flags, what the handler did to it, and that it never fails a request."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask, Response, render_template_string, request, stream_with_context
from opentelemetry import trace

from cruddur_tracing.failures import FAILURES
from tests.tracing.conftest import Make, Traced

HEADERS = {
    "X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    "User-Agent": "curl/8.5.0",
}


def one(app: Traced) -> dict[str, Any]:
    (document,) = app.datagrams.documents()
    return document


@pytest.mark.parametrize(
    ("path", "flags"),
    [
        ("/", {}),
        ("/status/404", {"error": True}),
        ("/nothing/here", {"error": True}),
        ("/status/429", {"error": True, "throttle": True}),
        ("/status/503", {"fault": True}),
        ("/raise", {"fault": True}),
    ],
)
def test_the_status_sets_the_flags(traced: Make, path: str, flags: dict[str, bool]) -> None:
    """4xx is an error, 429 a throttle too, 5xx and an exception a fault."""
    app = traced()
    app.client.get(path)
    document = one(app)
    assert {flag: document[flag] for flag in ("error", "throttle", "fault") if flag in document} == flags


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", "UNSET"), ("/status/404", "UNSET"), ("/status/429", "UNSET"), ("/status/503", "ERROR"), ("/raise", "ERROR")],
)
def test_the_status_of_the_span_matches(traced: Make, path: str, status: str) -> None:
    """OpenTelemetry's conventions call only a 5xx an error of a server."""
    app = traced()
    app.client.get(path)
    (span,) = app.spans()
    assert span.status.status_code.name == status


def test_an_exception_is_the_cause(traced: Make) -> None:
    """What the handler raised is recorded with its type, message and stack."""
    app = traced()
    app.client.get("/raise")
    (cause,) = one(app)["cause"]["exceptions"]
    assert (cause["type"], cause["message"], cause["stack"][-1]["label"]) == (
        "ZeroDivisionError",
        "integer division or modulo by zero",
        "<lambda>",
    )


@pytest.fixture
def sdk_middleware() -> Iterator[Callable[[Flask], None]]:
    """Give a function that puts the SDK's middleware into an app; its patch of Flask's templates is undone."""
    render = flask.templating._render

    def put(app: Flask) -> None:
        XRayMiddleware(app, xray_recorder)

    yield put
    flask.templating._render = render


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from request to request."""
    text = json.dumps({key: value for key, value in document.items() if key not in {"id", "start_time", "end_time"}})
    kept: dict[str, Any] = json.loads(text)
    for cause in kept.get("cause", {}).get("exceptions", []):
        del cause["id"], cause["stack"]
    return kept


@pytest.mark.parametrize("path", ["/", "/status/404", "/status/429", "/status/503", "/raise", "/?a=b"])
@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "203.0.113.7"}], ids=["direct", "forwarded"])
def test_the_document_is_that_of_the_sdks_middleware(
    traced: Make, sdk_middleware: Callable[[Flask], None], path: str, headers: dict[str, str]
) -> None:
    """Path by path, our segment has the same fields and values as XRayMiddleware's."""
    app = traced(opentelemetry=False)
    stock = Flask("shop")
    stock.view_functions |= app.app.view_functions
    stock.url_map = app.app.url_map
    sdk_middleware(stock)
    ours = app.client.get(path, headers=HEADERS | headers)
    our_document = one(app)
    theirs = stock.test_client().get(path, headers=HEADERS | headers)
    assert comparable(our_document) == comparable(one(app))
    assert ours.headers.to_wsgi_list() == theirs.headers.to_wsgi_list()


def test_the_rule_that_decided_is_named(traced: Make) -> None:
    """X-Ray shows it in the trace's details; the SDK loses it when the decision comes in a header."""
    app = traced(decision="checkout")
    app.client.get("/")
    assert one(app)["aws"]["xray"]["sampling_rule_name"] == "checkout"


def test_the_rules_are_asked_about_the_request(traced: Make) -> None:
    """Host, method, path and service are what a rule can match."""
    app = traced(tracing_name="backend-flask")
    app.client.post("/caf%C3%A9?x=1", headers={"Host": "shop.example:8080"})
    assert app.rules.asked == [
        {
            "host": "shop.example:8080",
            "method": "POST",
            "path": "/café",
            "service": "backend-flask",
            "service_type": None,
        }
    ]


def test_what_the_handler_left_open_is_closed(traced: Make) -> None:
    """A begun and never ended subsegment would keep the segment from ever being sent."""
    app = traced()

    def forgetful() -> str:
        xray_recorder.begin_subsegment("outer")
        xray_recorder.begin_subsegment("inner")
        return "done"

    app.app.add_url_rule("/forgetful", view_func=forgetful)
    assert app.client.get("/forgetful").text == "done"
    (outer,) = one(app)["subsegments"]
    assert (outer["name"], outer["subsegments"][0]["name"]) == ("outer", "inner")
    assert "end_time" in outer["subsegments"][0]
    assert xray_recorder.get_trace_entity() is None


@pytest.fixture(autouse=True)
def quiet_context() -> None:
    xray_recorder.context.context_missing = "IGNORE_ERROR"


def test_a_second_segment_in_the_handler_does_not_lose_the_first(traced: Make) -> None:
    """begin_segment overwrites the open one in the SDK's context."""
    app = traced()

    def confused() -> str:
        xray_recorder.begin_segment("mine", sampling=1)
        return "done"

    app.app.add_url_rule("/confused", view_func=confused)
    app.client.get("/confused")
    assert [document["name"] for document in app.datagrams.documents()] == ["shop"]


def test_a_handler_that_ends_the_segment_gets_its_answer(traced: Make) -> None:
    """The document is sent once, without the status, and the failure is counted."""
    app = traced()

    def eager() -> str:
        xray_recorder.end_segment()
        return "done"

    before = FAILURES.counts.get("segment.hook", 0)
    app.app.add_url_rule("/eager", view_func=eager)
    assert app.client.get("/eager").status_code == 200
    assert "response" not in one(app)["http"]
    assert FAILURES.counts["segment.hook"] > before


def test_an_unsampled_request_takes_subsegments_and_sends_nothing(traced: Make) -> None:
    """The handler's own recording works as ever; nothing of it is kept."""
    app = traced(decision=False)

    def busy() -> str:
        with xray_recorder.in_subsegment("work") as subsegment:
            subsegment.put_annotation("key", 1)
            return str(subsegment.trace_id)

    app.app.add_url_rule("/busy", view_func=busy)
    answer = app.client.get("/busy")
    assert answer.headers["X-Amzn-Trace-Id"] == f"Root={answer.text}"
    assert app.datagrams.raw() == []
    assert xray_recorder.get_trace_entity() is None


def test_a_rendered_template_is_a_subsegment(traced: Make) -> None:
    """As with the SDK's middleware, but only in this app."""
    app = traced()
    app.app.add_url_rule("/page", view_func=lambda: render_template_string("{{ 1 + 1 }}"))
    assert app.client.get("/page").text == "2"
    assert [part["name"] for part in one(app)["subsegments"]] == ["template_render"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("opentelemetry", [True, False], ids=["both", "X-Ray alone"])
def test_health_paths_are_never_traced(traced: Make, path: str, opentelemetry: bool) -> None:
    """Not even when the caller has sampled, and no rule counts them."""
    app = traced(opentelemetry=opentelemetry)
    response = app.client.get(path, headers=HEADERS)
    assert (app.spans(), app.datagrams.raw(), app.rules.asked) == ([], [], [])
    assert "X-Amzn-Trace-Id" not in response.headers


def test_other_paths_can_be_excluded_instead(traced: Make) -> None:
    """The setting takes the place of the default."""
    app = traced(excluded_paths=("/",))
    app.client.get("/")
    app.client.get("/healthz")
    assert one(app)["http"]["request"]["url"] == "http://localhost/healthz"


def test_a_host_that_matches_the_pattern_names_the_segment(traced: Make) -> None:
    """AWS_XRAY_URL is the SDK's dynamic naming; other hosts get the service's name."""
    app = traced(url_pattern="*.example.com", service_name="backend-flask")
    app.client.get("/", headers={"Host": "shop.example.com"})
    app.client.get("/", headers={"Host": "elsewhere"})
    assert [document["name"] for document in app.datagrams.documents()] == ["shop.example.com", "backend-flask"]


def test_a_hook_of_the_app_may_answer_before_ours(traced: Make) -> None:
    """Without a segment of its own the request is answered as if there were no tracing."""
    app = traced()
    app.app.before_request_funcs[None].insert(0, lambda: Response("closed", 503))
    assert app.client.get("/").text == "closed"
    assert app.datagrams.raw() == []


def test_a_streamed_response_is_recorded_once(traced: Make) -> None:
    """Flask tears the request down before the body is streamed, and again after it; the trace ends the first time."""
    app = traced()
    app.app.add_url_rule("/stream", view_func=lambda: Response(stream_with_context(iter(["one"]))))
    assert app.client.get("/stream").text == "one"
    (span,) = app.spans()
    assert span.context is not None
    assert one(app)["parent_id"] == f"{span.context.span_id:016x}"
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_requests_made_by_hand_have_no_segment(traced: Make) -> None:
    """Flask's test_request_context does not go through the WSGI entrance."""
    app = traced()
    with app.app.test_request_context("/"):
        app.app.preprocess_request()
        assert "cruddur_tracing.segment" not in request.environ
    assert app.datagrams.raw() == []


def test_a_template_outside_of_a_request_is_not_recorded(traced: Make) -> None:
    """A command of the app may render too."""
    app = traced()
    with app.app.app_context():
        assert render_template_string("x") == "x"
    assert app.datagrams.raw() == []
