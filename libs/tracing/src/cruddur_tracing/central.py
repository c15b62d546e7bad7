"""X-Ray's rules as the X-Ray SDK applies them, with pollers that belong to the worker.

`install` gives it to the recorder and to OpenTelemetry's sampler. Its decisions never wait for the agent: without
rules the SDK's local rule decides (one request a second and 5 % of the others).
"""

import logging
import threading
from random import Random
from typing import Any

from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
from aws_xray_sdk.core.sampling.sampler import DefaultSampler

from cruddur_tracing.agent import Agent
from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import Incoming
from cruddur_tracing.polling import Polling

EVENT = "sampling.failed"


class CentralSampler:
    """Takes the place of the recorder's DefaultSampler and asks one for every decision."""

    def __init__(self, agent: Agent, context: Any, failures: Failures, local: LocalSampler | None = None) -> None:
        self._agent = agent
        self._context = context
        self._failures = failures
        self._local = local or LocalSampler()
        self._lock = threading.Lock()
        self._polling: Polling | None = None
        self._sampler: Any = None
        # The SDK says at INFO for each request that the local rule decided; `polling` says it once.
        logging.getLogger("aws_xray_sdk.core.sampling.sampler").setLevel(logging.WARNING)

    @property
    def agent(self) -> Agent:
        """Whom it asks."""
        return self._agent

    @property
    def client_id(self) -> str:
        """Under which it reports to X-Ray: 24 hexadecimal digits, empty before the start."""
        return str(self._sampler._connector._client_id) if self._sampler is not None else ""

    def start(self) -> None:
        """Start polling in this process, unless it has been started."""
        with self._lock:
            if self._polling is None:
                self._begin()

    def restart(self) -> None:
        """Start polling anew after a fork: new client id, no state of the master, a thread of this process."""
        self._lock = threading.Lock()  # the master's may have been held at the fork
        self._begin()

    def stop(self) -> None:
        """Stop polling, without waiting; the next decision starts it again."""
        with self._lock:
            if self._polling is not None:
                self._polling.stop()
            self._polling = None

    def should_trace(self, sampling_req: dict[str, Any] | None = None) -> str | bool:
        """Return the name of the rule that samples the request, True (the local rule does) or False."""
        try:
            if self._polling is None:
                self.start()
            decision: str | bool = self._sampler.should_trace(sampling_req)
        except Exception as error:  # noqa: BLE001 - the SDK swaps a rule's reservoir under its readers; a request must not fail
            self._failures.note(EVENT, error)
            return bool(self._local.should_trace(sampling_req))
        return decision

    def load_local_rules(self, rules: dict[str, Any]) -> None:
        """Replace the local rules (aws_xray_sdk's manifest), as `xray_recorder.configure(sampling_rules=)` does."""
        self._local.load_local_rules(rules)

    def _begin(self) -> None:
        sampler = DefaultSampler()
        sampler._started = True
        self._local._random = Random()  # noqa: S311 - no secret; forked workers must not throw the same dice
        sampler._local_sampler = self._local
        connector = sampler._connector
        connector.context = self._context
        connector.setup_xray_client(ip=self._agent.tcp_host, port=self._agent.tcp_port, client=None)
        self._sampler = sampler
        self._polling = Polling(sampler._cache, connector, str(self._agent), connector._xray_client.close)
        self._polling.start()


class RequestRules:
    """The decision about a request that came without one. Called by both recorders' sides, never by both for one."""

    def __init__(self, recorder: Any, service: str, failures: Failures) -> None:
        self._recorder = recorder
        self._service = service
        self._failures = failures

    def decide(self, incoming: Incoming | None) -> bool:
        """Ask the rules about `incoming`, or about a span that belongs to no request; note the rule's name on it."""
        try:
            if not self._recorder.sampling:
                return True
            decision = self._recorder.sampler.should_trace(self._question(incoming))
        except Exception as error:  # noqa: BLE001 - the recorder's sampler may be anybody's
            self._failures.note(EVENT, error)
            return False
        if incoming is not None and isinstance(decision, str):
            incoming.rule = decision
        return bool(decision)

    def _question(self, incoming: Incoming | None) -> dict[str, Any]:
        question = {"service": self._service, "service_type": self._recorder._origin}
        if incoming is not None:
            question |= {
                "service": incoming.service,
                "host": incoming.host,
                "method": incoming.method,
                "path": incoming.path,
            }
        return question
