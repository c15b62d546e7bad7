"""A minimal client of the API."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from xray_local.errors import UsageError
from xray_model import to_xray

TIMEOUT = 30.0  # seconds
SHORT_ID_MIN = 4  # hex digits
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ClientError(UsageError):
    """The call failed or was refused; the message is one line."""


def is_url(text: str) -> bool:
    """Return whether a text is a URL that a request can be sent to."""
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and text.isprintable()
    except ValueError:  # a bracket or a port that is not valid
        return False


def open_url(request: urllib.request.Request, timeout: float) -> Any:
    """Send a request; to this machine without a proxy, which could not reach it."""
    if urlsplit(request.full_url).hostname in LOOPBACK:
        return _DIRECT.open(request, timeout=timeout)
    return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 (callers check the URL)


def reason(error: Exception) -> str:
    """Return why a request failed, in one line."""
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause).lower()


def call(endpoint: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of an operation, which is named by its path."""
    return _answer(endpoint, path, json.dumps(body).encode())


def get(endpoint: str, path: str) -> dict[str, Any]:
    """Return the JSON at an address that is no operation."""
    return _answer(endpoint, path, None)


def trace_id(endpoint: str, text: str) -> str:
    """Return the trace id that a text names: an id of either form, or the last digits of one that is stored."""
    text = text.lower()
    digits = text.rpartition("-")[2]
    if text.startswith("1-") and text.count("-") == 2:
        return text
    if len(text) == 32 and _is_hex(text):
        return to_xray(text)
    if not (SHORT_ID_MIN <= len(digits) == len(text) and _is_hex(digits)):
        raise UsageError(f"ID: {text!r}: expected 1-8HEX-24HEX, 32 hex digits, or at least {SHORT_ID_MIN} last digits")
    found: list[str] = get(endpoint, f"_local/traces/{digits}")["TraceIds"]
    if not found:
        raise UsageError(f"no trace at {endpoint} ends in {digits}")
    if len(found) > 1:
        raise UsageError(f"more than one trace ends in {digits}: {', '.join(found)}")
    return found[0]


def documents(endpoint: str, id_: str) -> list[dict[str, Any]]:
    """Return the documents of a trace as they were sent; none if it is not stored."""
    traces = call(endpoint, "_local/traces", {"TraceIds": [id_]})["Traces"]
    return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]


def address(endpoint: str, path: str = "") -> str:
    """Return the address of a page, for a browser."""
    return f"{endpoint.rstrip('/')}/{path}"


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)


def _answer(endpoint: str, path: str, data: bytes | None) -> dict[str, Any]:
    if not is_url(endpoint):
        raise ClientError(f"--endpoint: {endpoint!r}: expected http://HOST:PORT")
    request = urllib.request.Request(  # noqa: S310 (the scheme is checked above)
        f"{endpoint.rstrip('/')}/{path}",
        data=data,
        headers={"Content-Type": "application/json"},
        method="GET" if data is None else "POST",
    )
    try:
        with open_url(request, TIMEOUT) as answer:
            response: dict[str, Any] = json.load(answer)
            return response
    except urllib.error.HTTPError as error:
        with error:
            raise ClientError(_refusal(error)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = f"cannot reach xray-local at {endpoint}: {reason(error)}"
        raise ClientError(f"{problem}; is `xray-local serve` running?") from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        answer = json.loads(error.read())
        return f"{answer['__type']}: {answer['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{error.url} answered {error.code}: expected a response of xray-local"
