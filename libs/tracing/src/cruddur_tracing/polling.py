"""Asks the agent for sampling rules and targets, in one thread of a worker.

`central` starts it. It takes the place of the X-Ray SDK's two pollers, which try again only after five minutes, log
each failure with a traceback, and send more statistics than one call may have. It never runs in a request.
"""

import atexit
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from opentelemetry.instrumentation.utils import suppress_instrumentation

log = logging.getLogger("cruddur_tracing")

RULES_SECONDS: Final = 300.0
RULES_JITTER_SECONDS: Final = 5.0
TARGETS_SECONDS: Final = 10.0
TARGETS_JITTER_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 5.0
LINE_SECONDS: Final = 1.0  # that a line of the log may take when the process ends
STATISTICS_MAX: Final = 25  # documents in one GetSamplingTargets call (botocore's service model)


class Cache(Protocol):
    """What is used of aws_xray_sdk's RuleCache; times are seconds since 1970."""

    rules: Sequence[Any]
    last_updated: int | None

    def load_rules(self, rules: list[Any]) -> None:
        """Take new rules and keep the state of those that were known."""

    def load_targets(self, targets_dict: dict[str, Any]) -> None:
        """Take quotas and rates."""


class Connector(Protocol):
    """What is used of aws_xray_sdk's ServiceConnector."""

    def fetch_sampling_rules(self) -> list[Any]:
        """Ask for all rules."""

    def fetch_sampling_target(self, rules: list[Any]) -> tuple[dict[str, Any], int]:
        """Report statistics; return targets and the time when the rules were last changed."""


class Polling:
    """The schedule of one worker.

    `reconnect` closes the connections to the agent; `clock` gives seconds since 1970, `jitter` numbers from 0 to 1.
    """

    def __init__(
        self,
        cache: Cache,
        connector: Connector,
        agent: str,
        reconnect: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._cache = cache
        self._connector = connector
        self._agent = agent
        self._reconnect = reconnect
        self._clock = clock
        self._jitter = jitter
        self._rules_due = 0.0
        self._targets_due = clock() + TARGETS_SECONDS
        self._changed: int | None = None
        self._reachable: bool | None = None
        self._stop = threading.Event()
        self._speaking = threading.Lock()

    def start(self) -> None:
        """Start the thread; it ends with the process or with `stop`."""
        atexit.register(self.stop)
        threading.Thread(target=self._run, name="xray-sampling", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end, without waiting for it; but a line that it writes is written, and none after it."""
        atexit.unregister(self.stop)
        self._stop.set()
        if self._speaking.acquire(timeout=LINE_SECONDS):  # not for ever: a fork may have left it taken
            self._speaking.release()

    def step(self) -> float:
        """Do what is due and return the seconds until something is due again."""
        now = self._clock()
        try:
            # The calls below are not part of any trace, whatever instruments botocore.
            with suppress_instrumentation():
                if now >= self._targets_due:
                    self._report(now)
                if now >= self._rules_due:
                    self._refresh(now)
        except Exception as error:  # noqa: BLE001 - botocore and the SDK raise what they like; the thread has to live on
            self._failed(error)
            # A kept connection may lead to a process that is not the agent any more, or that a Service gave us before
            # it knew the agent; on it every later try would fail as well.
            self._reconnect()
            self._rules_due = now + RETRY_SECONDS if self._rules_due <= now else self._rules_due
        return max(0.0, min(self._rules_due, self._targets_due) - self._clock())

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self.step())

    def _refresh(self, now: float) -> None:
        rules = self._connector.fetch_sampling_rules()
        if not rules:
            raise LookupError("the agent answered with no usable rule")
        self._cache.load_rules(rules)
        self._cache.last_updated = int(now)
        self._rules_due = now + RULES_SECONDS + self._jitter() * RULES_JITTER_SECONDS
        self._answered()

    def _report(self, now: float) -> None:
        self._targets_due = now + TARGETS_SECONDS + self._jitter() * TARGETS_JITTER_SECONDS
        matched = [rule for rule in self._cache.rules if rule.ever_matched() and rule.time_to_report()]
        for first in range(0, len(matched), STATISTICS_MAX):
            targets, changed = self._connector.fetch_sampling_target(matched[first : first + STATISTICS_MAX])
            self._cache.load_targets(targets)
            if changed >= (self._cache.last_updated or 0) or changed != (self._changed or changed):
                self._rules_due = now
            self._changed = changed
            self._answered()

    def _answered(self) -> None:
        if not self._reachable:
            self._say(
                logging.INFO,
                "sampling.central: %d rules from the agent at %s decide",
                len(self._cache.rules),
                self._agent,
            )
        self._reachable = True

    def _failed(self, error: Exception) -> None:
        if self._reachable is not False:
            kept = "the rules fetched last, for an hour, then " if self._cache.last_updated else ""
            self._say(
                logging.WARNING,
                "sampling.local: no rules from the agent at %s (%s); until it answers, %sthe local rule decides",
                self._agent,
                error,
                kept,
            )
        self._reachable = False

    def _say(self, level: int, message: str, *arguments: object) -> None:
        """Log, unless the process is about to end: it aborts when a thread holds its standard error at that moment."""
        with self._speaking:
            if not self._stop.is_set():
                log.log(level, message, *arguments)
