"""What the recorders say of a request, read once from its WSGI environ. Pure; the hooks call it for sampled requests.

The results are those of OpenTelemetry's `collect_request_attributes` and of the X-Ray SDK's middleware: what is common
is read directly, and whatever is not goes to their functions.
"""

import re
from typing import Any, Final

from flask import Request
from opentelemetry.instrumentation import wsgi
from opentelemetry.util.http import sanitize_method

_KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_PLAIN_URL: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9/._~@-]*", re.ASCII)
_STANDARD_PORTS: Final = (":80", ":443")
_COPIED: Final = (
    ("http.server_name", "SERVER_NAME"),
    ("http.scheme", "wsgi.url_scheme"),
    ("net.host.name", "HTTP_HOST"),
    ("http.host", "HTTP_HOST"),
    ("net.peer.ip", "REMOTE_ADDR"),
    ("http.user_agent", "HTTP_USER_AGENT"),
)


def method(environ: dict[str, Any]) -> str:
    """Return the request's method as OpenTelemetry names it: one that is not known is `_OTHER`."""
    given: str = environ.get("REQUEST_METHOD", "")
    return given if given in _KNOWN_METHODS else sanitize_method(given.strip())


def span_name(asked: Request) -> str:
    """Return the name of the server span: method and route, or method and path if no route matches."""
    if asked.url_rule is None:
        return wsgi.get_default_span_name(asked.environ)
    known = method(asked.environ)
    return f"{'HTTP' if known == '_OTHER' else known} {asked.url_rule.rule}"


def span_attributes(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the server span by the old HTTP conventions, OpenTelemetry's default."""
    target = environ.get("RAW_URI")
    if not target or environ.get("REMOTE_HOST"):
        return dict(wsgi.collect_request_attributes(environ))
    attributes: dict[str, Any] = {"http.method": method(environ), "http.target": target}
    for attribute, key in _COPIED:
        if value := environ.get(key):
            attributes[attribute] = value
    for attribute, key in (("net.host.port", "SERVER_PORT"), ("net.peer.port", "REMOTE_PORT")):
        if value := environ.get(key):
            attributes[attribute] = int(value)
    if flavor := environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"):
        attributes["http.flavor"] = flavor
    return attributes


def segment_request(asked: Request) -> dict[str, Any]:
    """Return `http.request` of a segment document.

    Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """
    environ = asked.environ
    meta: dict[str, Any] = {"url": _url(asked), "method": asked.method}
    if agent := environ.get("HTTP_USER_AGENT"):
        meta["user_agent"] = agent
    if forwarded := environ.get("HTTP_X_FORWARDED_FOR"):
        meta |= {"client_ip": forwarded, "x_forwarded_for": True}
    elif address := environ.get("REMOTE_ADDR"):
        meta["client_ip"] = address
    return meta


def _url(asked: Request) -> str:
    """Return the URL without its query; the usual one without parsing and quoting it again."""
    host = asked.environ.get("HTTP_HOST", "")
    plain = f"{host}{asked.environ.get('SCRIPT_NAME', '')}{asked.environ.get('PATH_INFO', '')}"
    if _PLAIN_URL.fullmatch(plain) and "//" not in plain and not host.endswith(_STANDARD_PORTS):
        return f"{asked.scheme}://{plain}"
    return asked.base_url
