"""The sampling rules of an agent in this process: decisions at once, polling in a thread, and what a fork changes.

The thread starts with the first decision or with `start`. A forked child keeps the rules of its parent, and is a new
client of X-Ray: new locks, a new id, no counts, no quota, and a thread of its own that starts in the same way.
"""

import threading
import weakref
from collections.abc import Callable

from cruddur_tracing.resilience.forks import restart_in_children
from cruddur_tracing.sampling.anomalies import CaptureLimit
from cruddur_tracing.sampling.client import Client
from cruddur_tracing.sampling.poller import Poller
from cruddur_tracing.sampling.rule_state import Decision
from cruddur_tracing.sampling.rules import Fallback, Match, Rules
from cruddur_tracing.sampling.settings import SamplingSettings
from xray_model import RequestProperties


class RemoteRules:
    """The rules of one agent; safe to use from several threads.

    `service_name` is what statistics about anomalies carry, and may be set later. `fallback` decides while there are no
    rules. `captures_per_second` is the limit of `capture_limit`. With `start_in_children` the thread of a forked child
    starts at the fork. `reached` takes, in the thread, whether the agent's TCP port could be reached. `changed` is
    called when every `Match` that was returned is void.
    """

    def __init__(
        self,
        settings: SamplingSettings,
        *,
        service_name: str = "",
        fallback: Fallback | None = None,
        captures_per_second: int = 0,
        start_in_children: bool = False,
        reached: Callable[[bool], None] = lambda _: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.capture_limit = CaptureLimit(captures_per_second)
        self._start_in_children = start_in_children
        self._reached = reached
        self._rules = Rules(
            fallback=fallback, interval=settings.schedule.targets, service_name=service_name, changed=changed
        )
        self._started = self._stopped = False
        self._prepare()
        restart_in_children(self)

    @property
    def service_name(self) -> str:
        """The service that statistics about anomalies name."""
        return self._rules.service_name

    @service_name.setter
    def service_name(self, name: str) -> None:
        self._rules.service_name = name

    @property
    def client_id(self) -> str:
        """The id by which X-Ray knows this process: 24 hexadecimal digits."""
        return self._poller.client_id

    @property
    def polling(self) -> bool:
        """Whether the agent is polled: from the first decision or `start` until `stop`."""
        return self._started and not self._stopped

    @property
    def rule_names(self) -> tuple[str, ...]:
        """The names of the rules that were fetched, in the order of evaluation."""
        return tuple(state.name for state in self._rules.states)

    def decide(self, request: RequestProperties) -> Decision:
        """Decide about a request that begins a trace. Never waits for the agent."""
        if not self._started:
            self.start()
        return self._rules.decide(request)

    def match(self, request: RequestProperties) -> Match | None:
        """Return the rule that decides about a request; None if no rule does. Never waits for the agent."""
        if not self._started:
            self.start()
        return self._rules.match(request)

    def finished(self, trace_id: int, rule: str | None, *, anomaly: bool, sampled: bool) -> None:
        """Count a trace whose part in this process has ended, for the boost of the rule with this name."""
        self._rules.finished(trace_id, rule, anomaly=anomaly, sampled=sampled)

    def rule_of(self, rule_key: str) -> str | None:
        """Return the name of the rule with this key in a trace state, if it is known and can be boosted."""
        return self._rules.rule_of(rule_key)

    def start(self) -> None:
        """Start polling in this process, unless it has been started."""
        with self._lock:
            if not self._started:
                self._started = True
                self._begin()

    def stop(self) -> None:
        """Stop polling, without waiting; later decisions are made with what is known."""
        with self._lock:
            self._started = self._stopped = True
            self._end()

    def restart(self) -> None:
        """Become a new client of X-Ray in a process that was just forked, with the rules of its parent."""
        self._end.detach()  # its lock may be held by a thread that exists in the parent only
        self._client.close()
        self._rules.reset()
        self.capture_limit.reset()
        self._prepare()
        self._started = self._stopped
        if self._start_in_children:
            self.start()

    def _prepare(self) -> None:
        self._lock = threading.Lock()
        self._client = Client(self.settings.address, self.settings.schedule.timeout, self._reached)
        self._poller = Poller(self._rules, self._client, self.settings.schedule)
        # Runs when this object is collected, or else at the exit of the process.
        self._end = weakref.finalize(self, self._poller.stop)

    def _begin(self) -> None:
        try:
            self._poller.start()
        except RuntimeError:  # the interpreter is about to end, and starts no more threads
            self._end.detach()
