"""Ids for OpenTelemetry that X-Ray takes, and that keep the trace id a load balancer has given.

`install` puts the generator on the tracer provider. It never raises.
"""

import random
import time
from collections.abc import Callable

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from cruddur_tracing.incoming import INCOMING


class XRayIdGenerator(RandomIdGenerator):
    """Trace ids begin with the seconds since 1970, because X-Ray refuses ids older than 30 days.

    Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        random_bits: Callable[[int], int] = random.getrandbits,
    ) -> None:
        self._clock = clock
        self._random_bits = random_bits

    def generate_trace_id(self) -> int:
        """Return the id that the request came with, or a new one."""
        incoming = INCOMING.get()
        given = incoming.take_trace_id() if incoming is not None else None
        return given or int(self._clock()) << 96 | self._random_bits(96)

    def is_trace_id_random(self) -> bool:
        """Return False: an id that a load balancer made is not known to be random."""
        return False
