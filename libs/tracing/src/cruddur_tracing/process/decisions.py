"""What decides about a trace that begins here, in order of precedence.

1. A sampler that was configured for OpenTelemetry: OTEL_TRACES_SAMPLER, or `TracerProvider(sampler=...)`.
2. What the app configured with X-Ray's API: `sampling=False` (every trace), or a `sampler`.
3. X-Ray's sampling rules.
"""

from collections.abc import Callable, Mapping
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import SpanKind, TraceState

from cruddur_tracing.recording.ids import w3c_trace_id
from cruddur_tracing.request import conventions
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling import RemoteRules, SamplingSettings
from cruddur_tracing.sampling.rule_state import RuleState
from cruddur_tracing.sampling.sampler import TRACE_STATE_KEY, Process, XRaySampler
from xray_model import RequestProperties

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from cruddur_tracing.xray_sdk.standin.samplers import LocalSampler

EVENT: Final = "sampling.failed"


_KNOWN_MAX: Final = 1_024  # kinds of requests whose rule is remembered

# Whether a request is sampled, the name of its segment, the rule that decided, and the trace state that carries the
# decision to other services.
Outcome = tuple[bool, str, str | None, TraceState | None]
Naming = Callable[[str], str]
Kind = tuple[Naming, str, str, str]  # of requests: the naming of the app, host, method and path


class Chosen(NamedTuple):
    """What decides instead of X-Ray's rules, in order of precedence."""

    opentelemetry: Sampler | None = None
    every_trace: bool = False
    recorder: Any = None


class Known(NamedTuple):
    """What all requests of a kind have in common while rules decide."""

    service: str
    rule: RuleState
    until: float
    roll: Callable[[], float]

    def decide(self, now: float) -> Outcome:
        """Decide about a request of the kind."""
        sampled, rule, rule_key = self.rule.decide(now, self.roll)
        return sampled, self.service, rule, _state(rule_key)


class Decisions:
    """Decides about requests by what was chosen, or by X-Ray's `rules`.

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
        self._process = Process()
        self._chosen = Chosen()
        self._failures = failures
        self._known: dict[Kind, Known] = {}

    def choose(self, **what: Any) -> None:
        """Set members of `Chosen`."""
        self._chosen = self._chosen._replace(**what)
        self.forget()

    def describe(self, process: Process) -> None:
        """Set the properties of the process that rules may match."""
        self._process = process
        self.rules.service_name = process.service_name or ""
        self.forget()

    def forget(self) -> None:
        """Look again for the rules and names of all requests."""
        self._known = {}  # a thread that looks meanwhile keeps what it finds in the other one

    def sampler(self) -> Sampler:
        """Return the sampler of the spans that begin a trace outside of any request."""
        if self._chosen.opentelemetry is not None:
            return self._chosen.opentelemetry
        self._sampler = self._sampler or XRaySampler(self.rules)
        return self._sampler

    def change_agent(self, agent: Address) -> None:
        """Request the rules from another agent."""
        polling = self.rules.polling
        self.rules.stop()
        self.rules = self._rules_of(agent, self.rules.service_name)
        self.forget()
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
            changed=self.forget,
        )

    def _by_local_rules(self, request: RequestProperties) -> bool:
        asked = {"host": request.host, "method": request.http_method, "path": request.url_path}
        return self._local is not None and bool(self._local.should_trace(asked))

    @property
    def by_rules(self) -> bool:
        """Whether X-Ray's rules decide."""
        return self._chosen == Chosen()

    @property
    def in_words(self) -> str:
        """What decides, for the log."""
        chosen = self._chosen
        if chosen.opentelemetry is not None:
            return f"OpenTelemetry's sampler {chosen.opentelemetry.get_description()}"
        if chosen.every_trace:
            return "xray_recorder.configure(sampling=False): every trace is sampled"
        if chosen.recorder is not None:
            return f"xray_recorder's {type(chosen.recorder).__name__}"
        return f"X-Ray's sampling rules from {self.rules.settings.address}"

    def decide(self, naming: Naming, host: str, environ: "WSGIEnvironment", xray_id: str, base: Context) -> Outcome:
        """Decide about a request that came without a decision; `naming` names its segment by the host."""
        kind = naming, host, environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")
        known, now = self._known.get(kind), time()
        if known is None or now > known.until:
            return self._decide_anew(kind, environ, xray_id, base)
        return known.decide(now)

    def _decide_anew(self, kind: Kind, environ: "WSGIEnvironment", xray_id: str, base: Context) -> Outcome:
        """Decide about a request of a kind that is not known, and remember its rule if one decides."""
        remembered = self._known
        naming, host, method, path = kind
        service = naming(host)
        if self._chosen.opentelemetry is not None:
            return self._by_opentelemetry(self._chosen.opentelemetry, service, environ, xray_id, base)
        request = self._request(service, host, method, path if path.isascii() else _decoded(path))
        match = self.rules.match(request) if self.by_rules else None
        if match is not None:
            if len(remembered) >= _KNOWN_MAX:  # clients send other paths or hosts with each request
                remembered.clear()
            remembered[kind] = known = Known(service, *match)
            return known.decide(time())
        return self._by_xray(request)

    def should_trace(self, request: Mapping[str, Any]) -> str | bool:
        """Decide as a sampler of the X-Ray SDK does, about `service`, `host`, `method` and `path`."""
        service, *others = (request.get(name) or "" for name in ("service", "host", "method", "path"))
        sampled, _, rule, _ = self._by_xray(self._request(service or self._process.service_name or "", *others))
        return rule if sampled and rule else sampled

    def _by_opentelemetry(
        self, sampler: Sampler, service: str, environ: "WSGIEnvironment", xray_id: str, base: Context
    ) -> Outcome:
        attributes = conventions.of_request(environ, conventions.Conventions.BOTH)
        name = conventions.span_name(environ, None)
        result = sampler.should_sample(base, w3c_trace_id(xray_id), name, SpanKind.SERVER, attributes)
        return result.decision is Decision.RECORD_AND_SAMPLE, service, None, result.trace_state

    def _request(self, service: str, host: str, method: str, path: str) -> RequestProperties:
        _, kind, arn = self._process
        return RequestProperties(service, kind, host, method, path, arn)

    def _by_xray(self, request: RequestProperties) -> Outcome:
        service = request.service_name or ""
        if self._chosen.every_trace:
            return True, service, None, None
        if self._chosen.recorder is not None:
            return self._by_recorder(self._chosen.recorder, service, request)
        sampled, rule, rule_key = self.rules.decide(request)
        return sampled, service, rule, _state(rule_key)

    def _by_recorder(self, recorder: Any, service: str, request: RequestProperties) -> Outcome:
        asked = {"service": service, "host": request.host, "method": request.http_method, "path": request.url_path}
        try:
            decision = recorder.should_trace(asked)
        except Exception as error:  # noqa: BLE001 - the sampler is the app's own
            self._failures.note(EVENT, f"{type(error).__name__}: {error}")
            return False, service, None, None
        return bool(decision), service, decision if isinstance(decision, str) else None, None


def _state(rule_key: str | None) -> TraceState | None:
    return None if rule_key is None else TraceState([(TRACE_STATE_KEY, rule_key)])


def _decoded(path: str) -> str:
    """Return a WSGI path, which holds a byte in each character, as text."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
