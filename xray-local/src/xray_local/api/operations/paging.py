"""NextToken: where the next page begins, as opaque text."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from xray_local.errors import invalid


def encode(position: Any) -> str:
    """Return the token of a position, which is any JSON value."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def decode(token: str) -> Any:
    """Return the position of a token; InvalidRequestException for a token that is not valid."""
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise invalid("NextToken is not valid: expected one from the previous response") from error


def page(items: Sequence[Any], token: str | None, size: int) -> tuple[list[Any], str | None]:
    """Return one page of a list and the token of the next one; a token is the number of items before its page."""
    start = decode(token) if token else 0
    if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start <= len(items):
        raise invalid("NextToken is not valid: expected one from the previous response")
    end = start + size
    return list(items[start:end]), encode(end) if end < len(items) else None


def answer(key: str, items: list[Any], token: str | None) -> dict[str, Any]:
    """Return a response with one page."""
    return {key: items} | ({"NextToken": token} if token else {})
