"""The one decision of a trace, as an OpenTelemetry sampler: made at the root, followed everywhere below.

`install` puts it on the tracer provider. The rules themselves are asked through `central`; it never raises.
"""

from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from cruddur_tracing.incoming import INCOMING, Incoming

Decide = Callable[[Incoming | None], bool]


class RulesSampler(Sampler):
    """Lets `decide` say whether a new trace is recorded."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        """Ask the rules about the request that is being answered, or about a root span outside of any."""
        sampler = ALWAYS_ON if self._decide(INCOMING.get()) else ALWAYS_OFF
        return sampler.should_sample(*args, **kwargs)

    def get_description(self) -> str:
        """Return the name that OpenTelemetry prints."""
        return "XRayRules"


class BridgeSampler(Sampler):
    """Gives `inner` only what is for it to decide.

    A request to an excluded path is dropped; a decision that came with the request is kept; a parent that came
    without a decision (`Sampled=?`, or no `Sampled`) is decided by `inner` as if the trace began here.
    """

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner

    @classmethod
    def by_rules(cls, decide: Decide) -> "BridgeSampler":
        """Make a sampler that asks `decide` at the root and follows the parent everywhere else."""
        return cls(ParentBased(RulesSampler(decide)))

    @classmethod
    def around(cls, sampler: Sampler) -> "BridgeSampler":
        """Make a sampler that leaves the decision to `sampler`, the caller's own."""
        return cls(sampler.inner if isinstance(sampler, cls) else sampler)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide about one span, as OpenTelemetry asks at its start."""
        sampler, context = self._who(parent_context)
        return sampler.should_sample(context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Return the name that OpenTelemetry prints."""
        return f"Bridge{{{self.inner.get_description()}}}"

    def _who(self, context: Context | None) -> tuple[Sampler, Context | None]:
        incoming = INCOMING.get()
        if incoming is None:
            return self.inner, context
        if incoming.excluded:
            return ALWAYS_OFF, context
        parent = get_current_span(context).get_span_context()
        first = incoming.undecided and (not parent.is_valid or parent.is_remote)
        if not first:
            return self.inner, context
        incoming.undecided = False
        if incoming.upstream.sampled is None:
            return self.inner, Context()
        if parent.is_valid:
            return self.inner, context
        return (ALWAYS_ON if incoming.upstream.sampled else ALWAYS_OFF), context
