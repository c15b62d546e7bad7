"""The last requests that the listeners answered, for tests: `/_local/requests` lists them."""

from collections import deque
from dataclasses import dataclass
from typing import Any

REQUESTS_MAX = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request; `time` in epoch seconds, `peer` an IP address, `scope` the REGION/SERVICE it was signed for."""

    operation: str
    listener: str
    time: float
    status: int
    body: dict[str, Any]
    peer: str | None
    scope: str | None


class RequestLog(deque[LoggedRequest]):
    """The last REQUESTS_MAX requests, oldest first."""

    def __init__(self) -> None:
        super().__init__(maxlen=REQUESTS_MAX)
