"""One request is one server span with its children, and leaves nothing behind, whatever its handlers do."""

from typing import Any

import pytest
from flask import (
    Flask,
    Response,
    abort,
    copy_current_request_context,
    render_template_string,
)
from opentelemetry import context, trace
from opentelemetry.trace import StatusCode

from tests.tracing.request.conftest import PARENT, Shop, view

ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/",
    "SERVER_NAME": "a",
    "SERVER_PORT": "80",
    "wsgi.url_scheme": "http",
}
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_a_request_is_one_server_span(shop: Shop) -> None:
    """Named by method and route, under what came, with the segment's name for this host."""
    response = shop.client.get("/users/ann?a=b", headers=PARENT)
    (span,) = shop.spans()
    assert (span.name, span.kind.name, span.recording.service) == ("GET /users/<name>", "SERVER", "shop at localhost")
    assert (f"{span.recording.trace_id:032x}", f"{span.parent_id:016x}") == (
        PARENT["traceparent"][3:35],
        "b7ad6b7169203331",
    )
    assert span.parent is not None
    assert span.parent.is_remote
    assert span.attributes is not None
    assert (span.attributes["http.route"], span.attributes["http.status_code"]) == ("/users/<name>", 200)
    assert response.headers["X-Amzn-Trace-Id"] == "Root=1-0af76519-16cd43dd8448eb211c80319c"


def test_what_both_apis_write_in_a_handler_is_below_it(shop: Shop) -> None:
    """A span of the app's own tracer, and a template."""

    def handler() -> str:
        with shop.tracer().start_as_current_span("work"):
            return render_template_string("a {{ 1 }}")

    assert view(shop, handler).text == "a 1"
    assert shop.wire.tree() == {"GET /view": {"work": {"template_render": {}}}}


@pytest.mark.parametrize("path", ["/nothing", "/"])
def test_a_request_that_is_not_sampled_costs_no_span(shop: Shop, path: str) -> None:
    """Its context is there for outgoing calls, and nothing in it begins a trace of its own."""
    shop.decision = False
    seen: list[Any] = []

    @shop.app.before_request
    def look() -> None:
        with shop.tracer().start_as_current_span("work"):
            seen.append(trace.get_current_span().get_span_context())

    shop.client.get(path, headers={"X-Amzn-Trace-Id": ROOT})
    assert shop.spans() == []
    assert f"{seen[0].trace_id:032x}" == ROOT.removeprefix("Root=1-").replace("-", "")
    assert not seen[0].trace_flags.sampled
    assert len(shop.unsampled) == 1
    assert shop.asked == ["shop at localhost"]


def test_an_excluded_path_is_never_traced(shop: Shop) -> None:
    """Not even what its handler records, and nobody is asked."""

    @shop.app.before_request
    def look() -> None:
        shop.tracer().start_span("work").end()

    response = shop.client.get("/healthz", headers=PARENT)
    assert (response.text, shop.spans(), shop.asked) == ("ok", [], [])
    assert "X-Amzn-Trace-Id" not in response.headers


@pytest.mark.parametrize(
    ("hook", "register"),
    [
        ("teardown", "teardown_request"),
        ("before", "before_request"),
        ("after", "after_request"),
        ("app", "teardown_appcontext"),
    ],
)
def test_a_hook_that_raises_poisons_no_later_request(shop: Shop, hook: str, register: str) -> None:
    """The next request is a trace of its own with a decision of its own, and the context is as before."""
    before, failing = context.get_current(), [True]

    def fail(*_arguments: Any) -> Any:
        if failing.pop() if failing else False:
            raise ValueError(hook)
        return _arguments[0] if register == "after_request" else None

    getattr(shop.app, register)(fail)
    with pytest.raises(ValueError, match=hook) if "teardown" in register else pytest.raises(SystemExit):
        shop.client.get("/")
        raise SystemExit
    (first,) = shop.spans()
    assert first.status.status_code is StatusCode.ERROR
    assert [event.name for event in first.events] == ["exception"]
    assert context.get_current() is before
    shop.client.get("/")
    (second,) = shop.spans()
    assert (second.parent_id, second.local_parent) == (0, None)
    assert second.recording.trace_id != first.recording.trace_id


def test_an_error_is_recorded_once(shop: Shop) -> None:
    """The exception that nothing in the app handles, with the status that is answered."""
    response = view(shop, lambda: str(1 / 0))
    (span,) = shop.spans()
    assert response.status_code == 500
    assert (span.status.status_code, span.status.description) == (
        StatusCode.ERROR,
        "ZeroDivisionError: division by zero",
    )
    assert [event.name for event in span.events] == ["exception"]


@pytest.mark.parametrize("handler", [lambda: str(1 / 0), lambda: abort(404)], ids=["handled", "aborted"])
def test_a_handled_error_is_none(shop: Shop, handler: Any) -> None:
    """An abort is an answer, and so is what an error handler makes of an exception."""
    shop.app.register_error_handler(ZeroDivisionError, lambda _error: ("no", 418))
    view(shop, handler)
    assert [(span.status.status_code, len(span.events)) for span in shop.spans()] == [(StatusCode.UNSET, 0)]


def test_an_error_that_propagates_is_recorded_and_raised(shop: Shop) -> None:
    """As in tests and in debug mode."""
    shop.app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ZeroDivisionError):
        view(shop, lambda: str(1 / 0))
    (span,) = shop.spans()
    assert len(span.events) == 1


def test_an_excluded_request_within_another_changes_nothing_of_it(shop: Shop) -> None:
    """Its error is not the other's."""

    def handler() -> str:
        return str(shop.client.get("/healthz").status_code)

    shop.app.view_functions["healthz"] = lambda: str(1 / 0)
    assert view(shop, handler).text == "500"
    assert [(span.name, span.status.status_code) for span in shop.spans()] == [("GET /view", StatusCode.UNSET)]


def test_an_app_within_an_app_is_internal(shop: Shop) -> None:
    """A handler that asks its own app: a span below its own, without a decision."""
    assert view(shop, lambda: shop.client.get("/").text).text == "hello"
    assert shop.wire.tree() == {"GET /view": {"GET /": {}}}
    assert shop.asked == []


def test_a_copied_request_context_ends_nothing(shop: Shop) -> None:
    """The handler's span goes on when a copy of its context ends."""

    def handler() -> str:
        copy_current_request_context(lambda: None)()
        return str(trace.get_current_span().is_recording())

    assert view(shop, handler).text == "True"


def test_a_name_that_the_app_gives_is_kept(shop: Shop) -> None:
    """The route does not replace it."""

    def handler() -> str:
        trace.get_current_span().update_name("mine")
        return ""

    view(shop, handler)
    assert [span.name for span in shop.spans()] == ["mine"]


def test_a_failing_hook_of_the_tracing_fails_no_request(shop: Shop) -> None:
    """It is counted, and the answer is the app's."""
    shop.traced.response_hooks = (lambda *_arguments: 1 / 0,)
    assert shop.client.get("/").text == "hello"
    assert shop.failures.counts == {"request.hook": 1}
    assert len(shop.spans()) == 1


def test_a_status_without_a_code_fails_no_request(shop: Shop) -> None:
    """The span ends all the same, without a code."""
    response = view(shop, lambda: Response("hello", status="odd"))
    (span,) = shop.spans()
    assert (response.status, response.text) == ("0 odd", "hello")
    assert "X-Amzn-Trace-Id" in response.headers
    assert span.attributes is not None
    assert "http.status_code" not in span.attributes
    assert not shop.failures.counts


def test_an_untraced_app_is_left_alone(shop: Shop) -> None:
    """Another app of the process has no spans."""
    other = Flask("other")
    other.add_url_rule("/", "home", view_func=lambda: "other")
    assert other.test_client().get("/", headers=PARENT).text == "other"
    assert shop.spans() == []


@pytest.mark.parametrize("environ", [{"HTTP_TRACEPARENT": 1}, {"HTTP_X_AMZN_TRACE_ID": b"a"}, {"HTTP_HOST": None}])
def test_an_odd_environ_fails_no_request(shop: Shop, environ: dict[str, Any]) -> None:
    """Whatever a server puts there."""
    answer: list[str] = []
    odd = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "a",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    shop.app(odd | environ, lambda status, _headers: answer.append(status))  # type: ignore[arg-type]
    assert answer == ["200 OK"]
