"""The attributes of a server span by OpenTelemetry's HTTP conventions, old, new or both.

They are those of `opentelemetry.instrumentation.wsgi`, read from the WSGI environ directly. The names are those of
https://opentelemetry.io/docs/specs/semconv/http/http-spans/ and of version 1.12 before it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final
from wsgiref.util import request_uri

from opentelemetry.util.http import redact_url, sanitize_method

OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_OLD_SERVER: Final = (
    ("http.server_name", "SERVER_NAME"),
    ("http.scheme", "wsgi.url_scheme"),
    ("net.host.name", "HTTP_HOST"),
    ("http.host", "HTTP_HOST"),
)
_NEW_SERVER: Final = (("url.scheme", "wsgi.url_scheme"), ("server.address", "HTTP_HOST"))
_OLD_CLIENT: Final = (("net.peer.ip", "REMOTE_ADDR"), ("http.user_agent", "HTTP_USER_AGENT"))
_NEW_CLIENT: Final = (("client.address", "REMOTE_ADDR"), ("user_agent.original", "HTTP_USER_AGENT"))
# What `of_server` and `of_client` read.
SERVER_KEYS: Final = (
    "REQUEST_METHOD",
    "HTTP_HOST",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "wsgi.url_scheme",
)
CLIENT_KEYS: Final = ("REMOTE_ADDR", "REMOTE_HOST", "HTTP_USER_AGENT")
_NEW_URL: Final = (("url.path", "PATH_INFO"), ("url.query", "QUERY_STRING"))


class Conventions(Enum):
    """The names of the attributes: old, new or both."""

    OLD = (True, False)
    NEW = (False, True)
    BOTH = (True, True)

    def __init__(self, old: bool, new: bool) -> None:
        self.old = old
        self.new = new

    @classmethod
    def chosen(cls, environ: Mapping[str, str]) -> "Conventions":
        """Return the choice of OTEL_SEMCONV_STABILITY_OPT_IN."""
        asked = {part.strip() for part in environ.get(OPT_IN, "").lower().split(",")}
        if "http/dup" in asked:
            return cls.BOTH
        return cls.NEW if "http" in asked else cls.OLD


def method(environ: Mapping[str, Any]) -> str:
    """Return the request's method; one that is not known is `_OTHER`."""
    given: str = environ.get("REQUEST_METHOD", "")
    return given if given in KNOWN_METHODS else sanitize_method(given.strip())


def host(environ: Mapping[str, Any]) -> str:
    """Return the host that the client asked for, or the server's name for itself."""
    given: str = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return given


def span_name(environ: Mapping[str, Any], route: str | None) -> str:
    """Return method and route, or method and path where no route matches."""
    known = method(environ)
    if route is not None:
        return f"{'HTTP' if known == '_OTHER' else known} {route}"
    if known == "_OTHER":
        return "HTTP"
    path = str(environ.get("PATH_INFO", "")).strip()
    return f"{known} {path}" if known and path else known


def of_request(environ: Mapping[str, Any], conventions: Conventions) -> dict[str, Any]:
    """Return the attributes that are known before the request is answered."""
    return of_server(environ, conventions) | of_client(environ, conventions) | of_target(environ, conventions)


def of_server(environ: Mapping[str, Any], conventions: Conventions) -> dict[str, Any]:
    """Return those that follow from the values of SERVER_KEYS."""
    attributes: dict[str, Any] = {}
    if conventions.old:
        _old_server(environ, attributes)
    if conventions.new:
        _new_server(environ, attributes)
    return attributes


def of_client(environ: Mapping[str, Any], conventions: Conventions) -> dict[str, Any]:
    """Return those that follow from the values of CLIENT_KEYS."""
    attributes: dict[str, Any] = {}
    if conventions.old:
        _add(environ, attributes, _OLD_CLIENT)
        if peer := _peer_name(environ):
            attributes["net.peer.name"] = peer
    if conventions.new:
        _add(environ, attributes, _NEW_CLIENT)
        if peer := _peer_name(environ):
            attributes["client.address"] = peer
    return attributes


def of_target(environ: Mapping[str, Any], conventions: Conventions) -> dict[str, Any]:
    """Return those that differ from one request to the next: the URL, and the client's port."""
    attributes: dict[str, Any] = {}
    if conventions.old:
        if target := environ.get("RAW_URI") or environ.get("REQUEST_URI"):
            attributes["http.target"] = target
        else:
            attributes["http.url"] = redact_url(request_uri(dict(environ)))
        _add_port(environ, attributes, "net.peer.port", "REMOTE_PORT")
    if conventions.new:
        if environ.get("RAW_URI") or environ.get("REQUEST_URI"):
            _add(environ, attributes, _NEW_URL)
        _add_port(environ, attributes, "client.port", "REMOTE_PORT")
    return attributes


def of_status(code: int, conventions: Conventions) -> dict[str, Any]:
    """Return the attributes that the response's status adds."""
    attributes: dict[str, Any] = {}
    if conventions.old:
        attributes["http.status_code"] = code
    if conventions.new:
        attributes["http.response.status_code"] = code
        if code >= 500:
            attributes["error.type"] = str(code)
    return attributes


def _old_server(environ: Mapping[str, Any], attributes: dict[str, Any]) -> None:
    attributes["http.method"] = method(environ)
    _add(environ, attributes, _OLD_SERVER)
    _add_port(environ, attributes, "net.host.port", "SERVER_PORT")
    if flavor := environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"):
        attributes["http.flavor"] = flavor


def _new_server(environ: Mapping[str, Any], attributes: dict[str, Any]) -> None:
    known, given = method(environ), environ.get("REQUEST_METHOD", "").strip()
    attributes["http.request.method"] = known
    if known != given:
        attributes["http.request.method_original"] = given
    _add(environ, attributes, _NEW_SERVER)
    _add_port(environ, attributes, "server.port", "SERVER_PORT")
    if flavor := environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"):
        attributes["network.protocol.version"] = flavor


def _add(environ: Mapping[str, Any], attributes: dict[str, Any], texts: tuple[tuple[str, str], ...]) -> None:
    for attribute, key in texts:
        if value := environ.get(key):
            attributes[attribute] = value


def _peer_name(environ: Mapping[str, Any]) -> str | None:
    peer: str | None = environ.get("REMOTE_HOST")
    return peer if peer != environ.get("REMOTE_ADDR") else None


def _add_port(environ: Mapping[str, Any], attributes: dict[str, Any], attribute: str, key: str) -> None:
    value = environ.get(key)
    if value and str(value).isdecimal():
        attributes[attribute] = int(value)
