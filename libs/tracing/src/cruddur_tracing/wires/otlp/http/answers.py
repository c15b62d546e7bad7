"""What a backend's answer means for the spans of a request. Pure.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

import math
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

RETRIED: Final = frozenset({429, 502, 503, 504})
RETRY_AFTER_MAX: Final = 300.0  # seconds; a backend that names more is tried again nevertheless

_SHOWN: Final = 200  # characters of a backend's text in a message


class Answer(NamedTuple):
    """A response. `retry_after` is its header."""

    status: int
    body: bytes = b""
    content_type: str = ""
    retry_after: str | None = None


class Verdict(NamedTuple):
    """`retry` means that the spans are to be sent again, after `pause` seconds if it is known.

    Otherwise `refused` is how many of them the backend did not take, and `reason` why.
    """

    retry: bool = False
    pause: float | None = None
    refused: int = 0
    reason: str = ""


def judge(answer: Answer, spans: int, now: Callable[[], float] = time.time) -> Verdict:
    """Return what is to be done with the `spans` of a request. `now` gives the seconds since 1970."""
    if answer.status in RETRIED:
        return Verdict(retry=True, pause=_pause(answer.retry_after, now), reason=f"HTTP status {answer.status}")
    if not 200 <= answer.status < 300:
        return Verdict(refused=spans, reason=f"HTTP status {answer.status}: {_shown(answer.body)}")
    if "json" in answer.content_type:
        return Verdict()
    rejected, message = _partial_success(answer.body)
    return Verdict(refused=min(rejected, spans), reason=f"partial success: {_shown(message)}")


def _pause(retry_after: str | None, now: Callable[[], float]) -> float | None:
    """Read a Retry-After header: seconds or a date."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX) if math.isfinite(seconds) else None


def _shown(text: bytes) -> str:
    decoded = text[: 4 * _SHOWN].decode("utf-8", "replace")[:_SHOWN]
    return "".join(character if character.isprintable() else " " for character in decoded)


def _partial_success(body: bytes) -> tuple[int, bytes]:
    """Read an ExportTraceServiceResponse: rejected_spans = 1 and error_message = 2 of partial_success = 1."""
    rejected, message = 0, b""
    try:
        for number, partial in _fields(body):
            if number == 1 and isinstance(partial, bytes):
                for inner, value in _fields(partial):
                    if inner == 1 and isinstance(value, int):
                        rejected = value
                    elif inner == 2 and isinstance(value, bytes):
                        message = value
    except IndexError:  # it is not protobuf
        return 0, b""
    return rejected, message


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field that is a varint or has a length. Raises IndexError."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield tag >> 3, value
        elif kind == 2:
            size, position = _varint(message, position)
            if position + size > len(message):
                raise IndexError
            yield tag >> 3, message[position : position + size]
            position += size
        else:
            position += {1: 8, 5: 4}.get(kind, len(message))


def _varint(message: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[position]
        number |= (byte & 127) << shift
        position += 1
        shift += 7
        if byte < 128:
            return number, position
