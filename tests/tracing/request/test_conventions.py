"""The server span's attributes beside those of OpenTelemetry's own WSGI instrumentation."""

from typing import Any

import pytest
from hypothesis import given
from opentelemetry.instrumentation import wsgi
from opentelemetry.instrumentation._semconv import _StabilityMode

from cruddur_tracing.request.conventions import Conventions, of_request, of_status, span_name
from tests.tracing.environs import environs

MODES = {
    Conventions.OLD: _StabilityMode.DEFAULT,
    Conventions.NEW: _StabilityMode.HTTP,
    Conventions.BOTH: _StabilityMode.HTTP_DUP,
}


@pytest.mark.parametrize("conventions", Conventions)
@given(environ=environs)
def test_the_attributes_are_those_of_the_instrumentation(conventions: Conventions, environ: dict[str, Any]) -> None:
    """For whatever a server puts into the environ, in the old names, the new ones, or both."""
    expected = wsgi.collect_request_attributes(environ, MODES[conventions])
    given_values = {key: value for key, value in expected.items() if value}
    assert {key: value for key, value in of_request(environ, conventions).items() if value} == given_values


@given(environ=environs)
def test_the_name_without_a_route_is_that_of_the_instrumentation(environ: dict[str, Any]) -> None:
    """Method and path."""
    assert span_name(environ, None) == wsgi.get_default_span_name(environ)


@pytest.mark.parametrize(("method", "name"), [("GET", "GET /a/<b>"), ("BREW", "HTTP /a/<b>")])
def test_the_name_is_method_and_route(method: str, name: str) -> None:
    """The route and not the path, so that all its requests have one name."""
    assert span_name({"REQUEST_METHOD": method, "PATH_INFO": "/a/1"}, "/a/<b>") == name


@pytest.mark.parametrize(
    ("conventions", "code", "attributes"),
    [
        (Conventions.OLD, 200, {"http.status_code": 200}),
        (Conventions.NEW, 404, {"http.response.status_code": 404}),
        (Conventions.NEW, 503, {"http.response.status_code": 503, "error.type": "503"}),
        (Conventions.BOTH, 200, {"http.status_code": 200, "http.response.status_code": 200}),
    ],
)
def test_the_status_has_its_attributes(conventions: Conventions, code: int, attributes: dict[str, Any]) -> None:
    """The code, and by the new conventions the kind of a server's error."""
    assert of_status(code, conventions) == attributes


@pytest.mark.parametrize(
    ("opt_in", "chosen"),
    [
        ("", Conventions.OLD),
        ("database", Conventions.OLD),
        ("http", Conventions.NEW),
        ("database, http/dup", Conventions.BOTH),
        ("http,http/dup", Conventions.BOTH),
    ],
)
def test_the_conventions_are_those_that_were_asked_for(opt_in: str, chosen: Conventions) -> None:
    """As OpenTelemetry reads OTEL_SEMCONV_STABILITY_OPT_IN."""
    assert Conventions.chosen({"OTEL_SEMCONV_STABILITY_OPT_IN": opt_in}) is chosen


@pytest.mark.parametrize("port", ["unix:/run/gunicorn.sock", "8a", "\u00b2"])
def test_a_port_that_is_none_is_left_out(port: str) -> None:
    """A server on a Unix socket has no port; the instrumentation fails there."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "RAW_URI": "/", "SERVER_PORT": port}
    assert "net.host.port" not in of_request(environ, Conventions.OLD)
