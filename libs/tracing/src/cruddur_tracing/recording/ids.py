"""Trace ids that X-Ray takes, and their text."""

import random
import time
from collections.abc import Callable

from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator


class XRayIdGenerator(RandomIdGenerator):
    """Trace ids begin with the seconds since 1970, because X-Ray refuses ids older than 30 days.

    Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
    `random_bits` must not be shared with a parent process; `random` is seeded again in a forked child.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        random_bits: Callable[[int], int] = random.getrandbits,
    ) -> None:
        self._clock = clock
        self._random_bits = random_bits

    def generate_trace_id(self) -> int:
        """Return a new id."""
        return int(self._clock()) << 96 | self._random_bits(96)

    def generate_xray_trace_id(self) -> str:
        """Return a new trace id as X-Ray writes it, for less work than by way of the number."""
        return "1-%08x-%024x" % (int(self._clock()), self._random_bits(96))  # noqa: UP031 - fewer instructions

    def generate_span_id(self) -> int:
        """Return a new id, which is not 0."""
        return self._random_bits(64) or 1

    def is_trace_id_random(self) -> bool:
        """Return False: X-Ray's ids are random after their first 32 bits only."""
        return False


def xray_trace_id(trace_id: int) -> str:
    """Return a trace id as X-Ray writes it: `1-`, 8 hexadecimal digits, `-`, 24 hexadecimal digits."""
    digits = "%032x" % trace_id  # noqa: UP031 - two thirds of the instructions of a format specification
    return f"1-{digits[:8]}-{digits[8:]}"


def hex_digits(xray_id: str) -> str:
    """Return the 32 hexadecimal digits of a trace id in X-Ray's notation."""
    return xray_id[2:10] + xray_id[11:]


def w3c_trace_id(xray_id: str) -> int:
    """Return a trace id in X-Ray's notation as the number that OpenTelemetry has, of 128 bits."""
    return int(hex_digits(xray_id), 16)


def new_xray_trace_id(ids: IdGenerator) -> str:
    """Return the id of a new trace as X-Ray writes it."""
    if isinstance(ids, XRayIdGenerator):
        return ids.generate_xray_trace_id()
    return xray_trace_id(ids.generate_trace_id())
