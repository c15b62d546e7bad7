"""The request that this thread is answering, as the tracing sees it.

The WSGI entrance sets it; the id generator, the sampler and the segment hooks read it. It holds no recorder.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from cruddur_tracing.upstream import Upstream


@dataclass(slots=True)
class Incoming:
    """One request. `trace_id` and `undecided` are taken by the first root span, once."""

    upstream: Upstream
    service: str
    host: str
    method: str
    path: str
    excluded: bool
    started: int | None = None  # nanoseconds since 1970
    trace_id: int | None = None  # the id that a new trace has to take
    undecided: bool = True  # the server span has not been sampled yet
    rule: str | None = None  # the name of the sampling rule that decided

    def take_trace_id(self) -> int | None:
        """Return the trace id that the request brought for its first span, then None."""
        taken, self.trace_id = self.trace_id, None
        return taken


INCOMING: Final[ContextVar[Incoming | None]] = ContextVar("cruddur_tracing_incoming", default=None)
