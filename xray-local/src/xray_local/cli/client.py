"""A minimal client of the API."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT = 30.0  # seconds


class ClientError(Exception):
    """The call failed or was refused; the message is one line."""


def call(endpoint: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of an operation, which is named by its path."""
    if not endpoint.startswith(("http://", "https://")):
        raise ClientError(f"--endpoint: {endpoint!r}: expected http://HOST:PORT")
    request = urllib.request.Request(  # noqa: S310 (the scheme is checked above)
        f"{endpoint.rstrip('/')}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 (the scheme is checked above)
            response: dict[str, Any] = json.load(answer)
            return response
    except urllib.error.HTTPError as error:
        with error:
            raise ClientError(_refusal(error)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ClientError(f"cannot reach xray-local at {endpoint}: {reason}; is `xray-local serve` running?") from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        answer = json.loads(error.read())
        return f"{answer['__type']}: {answer['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{error.url} answered {error.code}: expected a response of xray-local"
