"""One thread that fetches the rules from the agent, reports what was counted, and applies what X-Ray assigned.

The rules are fetched at the start and every five minutes. GetSamplingTargets is called every ten seconds even if no
request was counted: its answer says when the rules were last changed, so that a process without traffic follows a
change too. It is no part of any trace, and it never runs in a request.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import Any, Final, Protocol

from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling.client import AgentError
from cruddur_tracing.sampling.documents import (
    DOCUMENTS_MAX,
    RulesPage,
    TargetsAnswer,
    boost_statistics,
    statistics,
    targets_request,
)
from cruddur_tracing.sampling.rule_state import Counts, RuleState
from cruddur_tracing.sampling.rules import Rules
from cruddur_tracing.sampling.settings import Schedule

log = logging.getLogger("cruddur_tracing")

JITTER: Final = SystemRandom().random  # without a state that a fork would copy
LINE_SECONDS: Final = 1.0  # to wait for a line of the log when the process ends
LINES_MAX: Final = 100  # about single rules, in the life of a process


class Agent(Protocol):
    """The calls to an agent; each raises AgentError."""

    @property
    def address(self) -> Address:
        """Where it listens."""

    def rules(self) -> RulesPage:
        """Return all rules."""

    def targets(self, request: dict[str, Any]) -> TargetsAnswer:
        """Report statistics and return what is assigned."""

    def interrupt(self) -> None:
        """Abort a call that is under way."""

    def close(self) -> None:
        """Close the connection."""


class Poller:
    """The schedule and the thread of one process.

    `clock` returns seconds and never goes back; `jitter` returns numbers from 0 to 1.
    """

    def __init__(
        self,
        rules: Rules,
        agent: Agent,
        schedule: Schedule,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = JITTER,
    ) -> None:
        self._rules = rules
        self._agent = agent
        self._schedule = schedule
        self._clock = clock
        self._jitter = jitter
        self.client_id: Final = os.urandom(12).hex()
        self._rules_due = self._targets_due = 0.0
        self._reports_due: dict[str, float] = {}
        self._rules_changed: float | None = None
        self._changed_lately = False
        self._empty_report_refused = False
        self._failing: set[str] = set()
        self._announced = False
        self._outage: str | None = None
        self._said: set[str] = set()
        self._stopped = threading.Event()
        self._speaking = threading.RLock()

    def begin(self) -> None:
        """Schedule the rules for now, and the first report after one interval."""
        self._rules_due = self._clock()
        self._targets_due = self._clock() + self._schedule.targets

    def start(self) -> None:
        """Begin, in a thread that ends with the process or after `stop`."""
        self.begin()
        threading.Thread(target=self._run, name="xray-sampling", daemon=True).start()

    def stop(self) -> None:
        """End the thread without waiting for it; a line that it is writing is written, and none after it.

        An interpreter that ends while a thread is writing to its standard error aborts.
        """
        self._stopped.set()
        self._agent.interrupt()
        if self._speaking.acquire(timeout=LINE_SECONDS):
            self._speaking.release()

    def step(self) -> float:
        """Do what is due and return the seconds until something is due again."""
        if self._clock() >= self._targets_due:
            self._targets_due = self._attempt("GetSamplingTargets", self._report)
        if self._clock() >= self._rules_due:
            self._rules_due = self._attempt("GetSamplingRules", self._fetch)
        return max(0.0, min(self._rules_due, self._targets_due) - self._clock())

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._stopped.wait(self.step())
        self._agent.close()

    def _attempt(self, call: str, act: Callable[[], float]) -> float:
        """Return when the call is due again."""
        try:
            due = act()
        except Exception as error:  # noqa: BLE001 - the thread has to live on, whatever an agent makes it raise
            self._failed(call, error)
            return self._clock() + self._schedule.retry
        self._answered(call)
        return due

    def _fetch(self) -> float:
        now = self._clock()
        page = self._agent.rules()
        for problem in page.skipped:
            self._say_once(logging.WARNING, "sampling.rule: a rule cannot be applied: %s", problem)
        try:
            self._rules.load(page.rules)
        except ValueError as error:  # X-Ray always has a Default rule: an empty answer is not an answer
            raise AgentError("GetSamplingRules", self._agent.address, str(error)) from error
        if self._rules_changed is None:
            self._rules_changed = page.newest
        if self._changed_lately and page.newest < self._rules_changed:
            # A rule was deleted, or the answer is older than the change: fetch once more.
            self._changed_lately = False
            return now + self._schedule.targets
        return now + self._schedule.rules + self._jitter() * self._schedule.rules_jitter

    def _report(self) -> float:
        now = self._clock()
        due = [state for state in self._rules.states if self._reports_due.get(state.name, now) <= now]
        used = [state for state in due if state.is_used]
        boosts = [state for state in due if state.has_boost_counts]
        if self._rules.states:
            for first in range(0, max(len(used), len(boosts), 1), DOCUMENTS_MAX):
                self._call(used[first : first + DOCUMENTS_MAX], boosts[first : first + DOCUMENTS_MAX])
        for state in due:
            self._reports_due[state.name] = now + state.interval
        dues = [self._reports_due.get(state.name, now + state.interval) for state in self._rules.states]
        return min(dues, default=now + self._schedule.targets) + self._jitter() * self._schedule.targets_jitter

    def _call(self, used: Sequence[RuleState], boosts: Sequence[RuleState]) -> None:
        """Report the counts of these rules; what could not be reported is counted again."""
        now = self._rules.now
        counts = [(state, state.take_counts()) for state in used]
        boost_counts = [(state, state.take_boost_counts()) for state in boosts]
        try:
            answer = self._targets(
                [statistics(state.name, self.client_id, now, taken) for state, taken in counts],
                [boost_statistics(state.name, self._rules.service_name, now, taken) for state, taken in boost_counts],
            )
        except Exception:
            for state, taken in counts:
                state.return_counts(taken)
            for state, boost in boost_counts:
                state.count_trace(boost)
            raise
        self._rules.assign(answer.targets)
        for problem in answer.unprocessed:
            self._say_once(logging.INFO, "sampling.unprocessed: X-Ray did not take the counts of a rule: %s", problem)
        if answer.rules_changed not in {None, self._rules_changed}:
            # Compared with the last value, not with a clock: this host's may differ from X-Ray's.
            self._rules_changed = answer.rules_changed
            self._changed_lately = True
            self._rules_due = self._clock()

    def _targets(self, documents: list[dict[str, Any]], boosts: list[dict[str, Any]]) -> TargetsAnswer:
        if not documents and not self._empty_report_refused:
            try:
                return self._agent.targets(targets_request(documents, boosts))
            except AgentError as error:
                if error.status != 400:
                    raise
        if not documents:
            # A client that reports about a rule gets a part of its reservoir: the smallest is missed least.
            smallest = min(self._rules.states, key=lambda state: state.reservoir_size)
            documents = [statistics(smallest.name, self.client_id, self._rules.now, Counts())]
            answer = self._agent.targets(targets_request(documents, boosts))
            self._empty_report_refused = True
            return answer
        return self._agent.targets(targets_request(documents, boosts))

    def _answered(self, call: str) -> None:
        self._failing.discard(call)
        if self._failing or self._announced or not self._rules.in_force:
            return
        self._announced = True
        self._outage = None
        number = len(self._rules.states)
        self._say(
            logging.INFO, "sampling.central: the rules of the agent at %s decide (%d)", self._agent.address, number
        )

    def _failed(self, call: str, error: Exception) -> None:
        self._failing.add(call)
        self._announced = False
        meanwhile = self._rules.in_words
        if meanwhile != self._outage:
            self._outage = meanwhile
            reason = str(error) if isinstance(error, AgentError) else f"{call}: {type(error).__name__}: {error}"
            self._say(logging.WARNING, "sampling.local: %s; until this succeeds, %s", reason, meanwhile)

    def _say_once(self, level: int, message: str, detail: str) -> None:
        if detail not in self._said and len(self._said) < LINES_MAX:
            self._said.add(detail)
            self._say(level, message, detail)

    def _say(self, level: int, message: str, *arguments: object) -> None:
        with self._speaking:
            if not self._stopped.is_set():
                log.log(level, message, *arguments)
