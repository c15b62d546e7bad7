"""What can go wrong at AWS, in our words. Raised by the gateway alone; `status` has a reason for each.

Messages carry no request ids and no times, so that a repeated error is the same text.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a call failed."""

    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    LIMIT_EXCEEDED = "LimitExceeded"
    INVALID = "Invalid"
    THROTTLED = "Throttled"
    DENIED = "Denied"
    UNREACHABLE = "Unreachable"


class GatewayError(Exception):
    """A call to AWS that failed; `reason` is one of a closed list."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    @property
    def stops_everything(self) -> bool:
        """Tell whether the next call would fail in the same way."""
        return self.reason in {Reason.DENIED, Reason.UNREACHABLE}
