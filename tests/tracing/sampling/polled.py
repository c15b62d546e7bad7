"""A poller without a thread, an agent that answers as a test says, and a clock that stands still."""

from dataclasses import dataclass, field
from typing import Any

from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling.client import AgentError
from cruddur_tracing.sampling.documents import RulesPage, TargetsAnswer
from cruddur_tracing.sampling.poller import Poller
from cruddur_tracing.sampling.rule_state import Target
from cruddur_tracing.sampling.rules import Rules
from cruddur_tracing.sampling.settings import Schedule
from xray_model import RequestProperties, SamplingRule, default_rule

EPOCH = 1_700_000_000.0
MINUTE = 60.0
HOME = RequestProperties(url_path="/")
PLAIN = "1 request a second and 5 % of the rest are sampled"


@dataclass(slots=True)
class Agent:
    """Answers as an agent does, or fails.

    In `calls`, GetSamplingRules is None, and GetSamplingTargets is its request.
    """

    found: tuple[SamplingRule, ...] = (default_rule(),)
    newest: float = 5.0
    changed: float | None = 5.0
    targets_: tuple[Target, ...] = ()
    unprocessed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    fails: Exception | None = None
    fails_for_rules: Exception | None = None
    refuses_empty: bool = False
    address: Address = field(default_factory=lambda: Address("agent", 2000))
    calls: list[dict[str, Any] | None] = field(default_factory=list)

    def rules(self) -> RulesPage:
        """Return the rules."""
        self.calls.append(None)
        if error := self.fails or self.fails_for_rules:
            raise error
        return RulesPage(self.found, self.skipped, self.newest, None)

    def targets(self, request: dict[str, Any]) -> TargetsAnswer:
        """Return the targets."""
        self.calls.append(request)
        if self.fails:
            raise self.fails
        if self.refuses_empty and not request["SamplingStatisticsDocuments"]:
            raise AgentError("GetSamplingTargets", self.address, "HTTP 400: too few", 400)
        return TargetsAnswer(self.targets_, self.changed, self.unprocessed)

    def interrupt(self) -> None:
        """Do nothing: no call is under way."""

    def close(self) -> None:
        """Note it."""
        self.calls.append({"closed": True})

    @property
    def fetches(self) -> int:
        """How often the rules were fetched."""
        return self.calls.count(None)

    @property
    def reports(self) -> list[list[tuple[str, int]]]:
        """The names and counted requests of each GetSamplingTargets."""
        requests = [call["SamplingStatisticsDocuments"] for call in self.calls if call is not None]
        return [[(document["RuleName"], document["RequestCount"]) for document in documents] for documents in requests]


@dataclass(slots=True)
class Polled:
    """A poller, its rules, and a clock that stands still; it begins at 100 seconds and at EPOCH."""

    agent: Agent
    now: float = 100.0
    rules: Rules = field(init=False)
    poller: Poller = field(init=False)

    def __post_init__(self) -> None:
        self.rules = Rules(clock=lambda: EPOCH + self.now - 100, service_name="shop")
        self.poller = Poller(self.rules, self.agent, Schedule(), clock=lambda: self.now, jitter=lambda: 0.5)
        self.poller.begin()

    def step(self, seconds: float = 0.0) -> float:
        """Move the clock, and let the poller do what is due."""
        self.now += seconds
        return self.poller.step()


def rule(name: str, priority: int = 1, **fields: object) -> SamplingRule:
    chosen: dict[str, object] = {"fixed_rate": 1.0, "reservoir_size": 1} | fields
    return SamplingRule(rule_name=name, priority=priority, **chosen)  # type: ignore[arg-type]  # any field


def refused() -> AgentError:
    return AgentError("GetSamplingTargets", Address("agent", 2000), "connection refused")
