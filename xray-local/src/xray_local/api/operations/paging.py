"""NextToken: where the next page begins, as text that means nothing to the client."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from xray_local.errors import invalid


def encode(position: Any) -> str:
    """Give a token for a position (anything that JSON can hold)."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def decode(token: str) -> Any:
    """Give the position of a token; InvalidRequestException for what is none of ours."""
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise invalid("NextToken is not one that this service has given") from error


def page(items: Sequence[Any], token: str | None, size: int) -> tuple[list[Any], str | None]:
    """Cut one page out of a whole list; the token is the number of items before it."""
    start = decode(token) if token else 0
    if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start <= len(items):
        raise invalid("NextToken is not one that this service has given")
    end = start + size
    return list(items[start:end]), encode(end) if end < len(items) else None


def answer(key: str, items: list[Any], token: str | None) -> dict[str, Any]:
    """Build a paged answer."""
    return {key: items} | ({"NextToken": token} if token else {})
