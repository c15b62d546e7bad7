"""What decides about a trace that begins here, in order of precedence.

1. A sampler that was configured for OpenTelemetry: OTEL_TRACES_SAMPLER, or `TracerProvider(sampler=...)`.
2. What the app configured with X-Ray's API: `sampling=False` (every trace), or a `sampler`.
3. X-Ray's sampling rules.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import SpanKind, TraceState

from cruddur_tracing.request import conventions
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling import RemoteRules, SamplingSettings
from cruddur_tracing.sampling.sampler import TRACE_STATE_KEY, Process, XRaySampler
from xray_model import RequestProperties

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from cruddur_tracing.xray_sdk.standin.samplers import LocalSampler

EVENT: Final = "sampling.failed"


# Whether a request is sampled, the rule that decided, and the trace state that carries the decision to other services.
Outcome = tuple[bool, str | None, TraceState | None]


class Decisions:
    """Decides about requests. `rules` are X-Ray's; the others are set when they are found out.

    `agent_answers` takes whether the TCP port of the agent that has the rules could be reached.
    """

    def __init__(
        self,
        agent: Address,
        failures: Failures,
        captures_per_second: int = 0,
        agent_answers: Callable[[Address, bool], None] = lambda _agent, _answers: None,
    ) -> None:
        self._local: LocalSampler | None = None
        self._sampler: XRaySampler | None = None
        self._captures_per_second = captures_per_second
        self._agent_answers = agent_answers
        self.rules = self._rules_of(agent)
        self.process = Process()
        self.opentelemetry: Sampler | None = None
        self.every_trace = False
        self.recorder: Any = None
        self._failures = failures

    def sampler(self) -> Sampler:
        """Return the sampler of the spans that begin a trace outside of any request."""
        if self.opentelemetry is not None:
            return self.opentelemetry
        self._sampler = self._sampler or XRaySampler(self.rules)
        return self._sampler

    def change_agent(self, agent: Address) -> None:
        """Request the rules from another agent."""
        polling = self.rules.polling
        self.rules.stop()
        self.rules = self._rules_of(agent, self.rules.service_name)
        if self._sampler is not None:
            self._sampler.rules = self.rules
        if polling:
            self.rules.start()

    def use_local_rules(self, rules: Mapping[str, Any]) -> None:
        """Let local rules in the X-Ray SDK's format decide until X-Ray's are known."""
        from cruddur_tracing.xray_sdk.standin.samplers import LocalSampler

        self._local = LocalSampler(rules)
        self.change_agent(self.rules.settings.address)

    def _rules_of(self, agent: Address, service_name: str = "") -> RemoteRules:
        return RemoteRules(
            SamplingSettings(address=agent),
            service_name=service_name,
            fallback=None if self._local is None else self._by_local_rules,
            captures_per_second=self._captures_per_second,
            reached=partial(self._agent_answers, agent),
        )

    def _by_local_rules(self, request: RequestProperties) -> bool:
        asked = {"host": request.host, "method": request.http_method, "path": request.url_path}
        return self._local is not None and bool(self._local.should_trace(asked))

    @property
    def by_rules(self) -> bool:
        """Whether X-Ray's rules decide."""
        return self.opentelemetry is None and not self.every_trace and self.recorder is None

    @property
    def in_words(self) -> str:
        """What decides, for the log."""
        if self.opentelemetry is not None:
            return f"OpenTelemetry's sampler {self.opentelemetry.get_description()}"
        if self.every_trace:
            return "xray_recorder.configure(sampling=False): every trace is sampled"
        if self.recorder is not None:
            return f"xray_recorder's {type(self.recorder).__name__}"
        return f"X-Ray's sampling rules from {self.rules.settings.address}"

    def decide(self, service: str, host: str, environ: "WSGIEnvironment", trace_id: int, base: Context) -> Outcome:
        """Decide about a request that came without a decision."""
        if self.opentelemetry is not None:
            return self._by_opentelemetry(self.opentelemetry, environ, trace_id, base)
        path = environ.get("PATH_INFO", "")
        if not path.isascii():
            path = _decoded(path)
        return self._by_xray(service, host, environ.get("REQUEST_METHOD", ""), path)

    def should_trace(self, request: Mapping[str, Any]) -> str | bool:
        """Decide as a sampler of the X-Ray SDK does, about `service`, `host`, `method` and `path`."""
        sampled, rule, _ = self._by_xray(
            request.get("service") or self.process.service_name or "",
            request.get("host") or "",
            request.get("method") or "",
            request.get("path") or "",
        )
        return rule if sampled and rule else sampled

    def _by_opentelemetry(self, sampler: Sampler, environ: "WSGIEnvironment", trace_id: int, base: Context) -> Outcome:
        attributes = conventions.of_request(environ, conventions.Conventions.BOTH)
        name = conventions.span_name(environ, None)
        result = sampler.should_sample(base, trace_id, name, SpanKind.SERVER, attributes)
        return result.decision is Decision.RECORD_AND_SAMPLE, None, result.trace_state

    def _by_xray(self, service: str, host: str, method: str, path: str) -> Outcome:
        if self.every_trace:
            return True, None, None
        if self.recorder is not None:
            return self._by_recorder({"service": service, "host": host, "method": method, "path": path})
        _, kind, arn = self.process
        sampled, rule, rule_key = self.rules.decide_plain((service, kind, host, method, path, arn))
        return sampled, rule, None if rule_key is None else TraceState([(TRACE_STATE_KEY, rule_key)])

    def _by_recorder(self, request: dict[str, Any]) -> Outcome:
        try:
            decision = self.recorder.should_trace(request)
        except Exception as error:  # noqa: BLE001 - the sampler is the app's own
            self._failures.note(EVENT, f"{type(error).__name__}: {error}")
            return False, None, None
        return bool(decision), decision if isinstance(decision, str) else None, None


def _decoded(path: str) -> str:
    """Return a WSGI path, which holds a byte in each character, as text."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
