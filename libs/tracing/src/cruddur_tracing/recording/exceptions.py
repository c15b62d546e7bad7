"""An exception on a span: OpenTelemetry's event, with what X-Ray's documents need besides."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import Event


class ExceptionEvent(Event):
    """An `exception` event that still knows its frames, from the outermost to where it was raised.

    `cause_id` is the id of the exception in X-Ray's documents: 16 hexadecimal digits.
    """

    def __init__(
        self,
        attributes: Any,
        timestamp: int | None,
        cause_id: str,
        type_name: str,
        frames: Sequence[tuple[str, int | None, str]],
        *,
        remote: bool = False,
    ) -> None:
        super().__init__("exception", attributes, timestamp)
        self.cause_id = cause_id
        self.type_name = type_name
        self.frames = frames
        self.remote = remote
