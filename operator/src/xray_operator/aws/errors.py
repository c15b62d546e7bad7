"""Errors of calls to AWS. Messages carry no request ids and no times, so a repeated error has the same text."""

from xray_operator.reasons import Reason


class GatewayError(Exception):
    """A failed call to AWS."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    @property
    def affects_all(self) -> bool:
        """Whether the next call would fail in the same way."""
        return self.reason in {Reason.DENIED, Reason.UNREACHABLE}
