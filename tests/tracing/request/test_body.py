"""A body that is made while it is sent belongs to its request, whatever becomes of it."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, request, request_finished, send_file, stream_with_context
from opentelemetry import trace

from tests.tracing.request.conftest import Shop, view


def stream(shop: Shop, **headers: Any) -> Any:
    """Ask for a body that records spans while it is made."""

    def handler() -> Response:
        def parts() -> Iterator[str]:
            with shop.tracer().start_as_current_span("part"):
                yield request.path
            shop.tracer().start_span("rest").end()
            yield "!"

        return Response(stream_with_context(parts()), headers=headers)

    return view(shop, handler, "/stream")


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "8"}], ids=["chunked", "of a known length"])
def test_a_streamed_body_belongs_to_its_request(shop: Shop, headers: dict[str, str]) -> None:
    """Its spans are in the trace, and the server span ends with it."""
    response = stream(shop, **headers)
    assert shop.wire.spans == []
    assert response.text == "/stream!"
    response.close()
    assert shop.wire.tree() == {"GET /stream": {"part": {}, "rest": {}}}
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_streamed_body_of_a_request_that_is_not_sampled_begins_no_trace(shop: Shop) -> None:
    """What is recorded while it is made belongs to the same trace, and is not decided about again."""
    shop.decision = False
    seen: list[int] = []

    def look() -> Iterator[str]:
        seen.append(trace.get_current_span().get_span_context().trace_id)
        yield "a"

    def handler() -> Response:
        list(look())
        return Response(look())

    shop.app.add_url_rule("/parts", "parts", view_func=handler)
    response = shop.client.get("/parts")
    assert response.text == "a"
    response.close()
    assert seen[0] == seen[1] != 0
    assert len(shop.unsampled) == 1


def test_a_streamed_body_of_an_excluded_path_is_not_traced(shop: Shop) -> None:
    """Nor is what it records while it is made, and it is closed once."""
    seen: list[trace.Span] = []

    def handler() -> Response:
        def parts() -> Iterator[str]:
            seen.append(trace.get_current_span())
            yield "a"

        response = Response(parts())
        response.call_on_close(lambda: seen.append(trace.get_current_span()))
        seen.append(trace.get_current_span())
        return response

    shop.app.view_functions["healthz"] = handler
    response = shop.client.get("/healthz")
    assert response.text == "a"
    response.close()
    assert len(seen) == 3
    assert set(seen) == {seen[0]} != {trace.INVALID_SPAN}
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_response_in_the_place_of_a_streamed_one_is_complete(shop: Shop) -> None:
    """Its span ends with it, not with its body."""

    def fail(_app: Flask, response: Response, **_: object) -> None:
        if response.is_streamed:
            raise ValueError("no")

    with request_finished.connected_to(fail, shop.app):
        response = stream(shop)
    assert response.status_code == 500
    assert [span.status.description for span in shop.spans()] == ["ValueError: no"]


def test_a_body_that_is_given_up_ends_its_span(shop: Shop) -> None:
    """A client that goes away: the server closes the body."""
    response = stream(shop)
    next(iter(response.response))
    response.close()
    assert {span.name for span in shop.spans()} == {"part", "GET /stream"}


def test_a_body_that_fails_is_an_error(shop: Shop) -> None:
    """Its exception is on the server span."""

    def handler() -> Response:
        def parts() -> Iterator[str]:
            yield "a"
            raise ValueError("no")

        return Response(parts())

    response = view(shop, handler)
    with pytest.raises(ValueError, match="no"):
        assert response.text
    response.close()
    (span,) = shop.spans()
    assert (span.status.description, len(span.events)) == ("ValueError: no", 1)


def test_a_file_goes_to_the_server_as_it_is(shop: Shop) -> None:
    """The server's own class of a file's body is not wrapped, so that it may send the file by itself."""

    class Wrapper:
        def __init__(self, file: Any, _size: int = 8192) -> None:
            self.parts = file

        def __iter__(self) -> Any:
            return iter(self.parts)

    shop.app.add_url_rule("/file", "file", lambda: send_file(io.BytesIO(b"a"), "text/plain"))
    environ = {
        "wsgi.file_wrapper": Wrapper,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/file",
        "SERVER_NAME": "a",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    body = shop.app(environ, lambda *_arguments: lambda _data: None)
    assert isinstance(body, Wrapper)
    assert len(shop.spans()) == 1
