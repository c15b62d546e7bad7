"""X-Ray's three flags of a segment, and which of them an HTTP status sets. Pure."""

from enum import StrEnum


class Flag(StrEnum):
    """What went wrong, the most severe first."""

    FAULT = "fault"
    THROTTLE = "throttle"
    ERROR = "error"


FLAGS = tuple(Flag)
"""All of them: an enumeration is slow to iterate."""


def flags_of_status(status: int | None) -> tuple[Flag, ...]:
    """Return the flags of a response: fault for 5xx, throttle and error for 429, error for the other 4xx."""
    if status is None or status < 400:
        return ()
    if status >= 500:
        return (Flag.FAULT,)
    return (Flag.THROTTLE, Flag.ERROR) if status == 429 else (Flag.ERROR,)
