"""Reads the HTTP responses that most servers give, for which `http.client` and its parser of e-mail take long. Pure."""

from collections.abc import Mapping
from http.client import HTTPException
from typing import Final, NamedTuple

_VERSION: Final = b"HTTP/1.1 "
_UNUSUAL: Final = ("connection", "transfer-encoding")


class Response(NamedTuple):
    """A response; the names of its headers are in lower case.

    `failure` is why its body is not complete: the connection failed, or it is too long.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    failure: OSError | HTTPException | None = None


def usual_response(received: bytes, body_max: int) -> Response | None:
    """Return the response that was received, or None unless it is complete, and one that every reader takes alike.

    It has one Content-Length and no header about the connection, which stays open after it.
    """
    head, end, body = received.partition(b"\r\n\r\n")
    if not end or not head.startswith(_VERSION) or len(body) > body_max:
        return None
    start, *lines = head.decode("latin-1").split("\r\n")
    status = start[len(_VERSION) : len(_VERSION) + 4].rstrip()
    if not (status.isascii() and status.isdigit()) or not 200 <= int(status) <= 599 or status in {"204", "304"}:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name.isascii() or name.strip() != name or name in _UNUSUAL or name in headers:
            return None
        headers[name] = value.strip(" \t")
    return Response(int(status), body, headers) if headers.get("content-length") == str(len(body)) else None
