"""How the operator is killed at a call to AWS in a scenario.

The calls are those of an undisturbed run. A scripted fault delays the call, before AWS carries it out or after;
then the process gets SIGKILL, and the next process starts from the state that is left.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal, NamedTuple

from tests.integration.faults.actions import TIMEOUT_SECONDS, Actions
from tests.integration.faults.environment import Key, Wanted
from tests.integration.faults.scenarios import Scenario
from tools.operator_process import OperatorProcess
from xray_model import SamplingRule
from xray_operator.aws.state import DOUBT_SECONDS
from xray_operator.kubernetes.resource import RECONCILE_ANNOTATION

When = Literal["before", "after"]
Point = tuple["Call", When]
DELAY_SECONDS = 1.5
_POLL_SECONDS = 0.003
_PROBE = Key("rule", "probe")
_NO_SUCH_RULE = SamplingRule(rule_name="never-made", priority=1, fixed_rate=0, reservoir_size=0)


class Call(NamedTuple):
    """The n-th call (from 1) of an operation in a run."""

    operation: str
    number: int


def calls(operations: Sequence[str]) -> list[Call]:
    """Number the operations of a run."""
    seen: Counter[str] = Counter()
    numbered = []
    for operation in operations:
        seen[operation] += 1
        numbered.append(Call(operation, seen[operation]))
    return numbered


def kill_points(made: Sequence[Call]) -> Iterator[tuple[Call, When]]:
    """Yield when to kill at calls; after a read AWS is in the state before the next call."""
    for call in made:
        yield call, "before"
        if not call.operation.startswith(("Get", "List")):
            yield call, "after"


def spread(points: Sequence[Point], limit: int, offset: int) -> list[Point]:
    """Return `limit` of the points, evenly spaced from a place that depends on `offset`; all of them if it is 0."""
    if not limit or limit >= len(points):
        return list(points)
    return [points[(offset + number * len(points) // limit) % len(points)] for number in range(limit)]


class Probe:
    """A resource that only observes; its annotation makes the operator read AWS before its interval is over."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._numbers = count(1)
        actions.apply(Wanted(name=_PROBE.name, value=_NO_SUCH_RULE, policies={"managementPolicy": "Observe"}))

    def request(self) -> str:
        """Request a read; return the token that the status shows when it is done."""
        token = f"{time.time_ns()}-{next(self._numbers)}"
        self._actions.annotate(_PROBE, RECONCILE_ANNOTATION, token)
        return token

    def read_again(self) -> None:
        """Request a read and wait for it."""
        token = self.request()
        until = time.monotonic() + TIMEOUT_SECONDS
        while self._actions.read(_PROBE).get("status", {}).get("lastHandledReconcileAt") != token:
            assert time.monotonic() < until, "the operator did not read AWS"
            time.sleep(_POLL_SECONDS)


class ScenarioRunner:
    """Runs scenarios, undisturbed or with a kill in them; the operator keeps running between them."""

    def __init__(self, actions: Actions, probe: Probe, operator: OperatorProcess) -> None:
        self._actions = actions
        self._probe = probe
        self._operator = operator
        self._numbers = count(1)
        self._started = time.monotonic()

    def record(self, scenario: Scenario) -> list[Call]:
        """Run a scenario undisturbed and return its calls to AWS."""
        name = self._prepared(scenario)
        self._actions.aws.forget_calls()
        scenario.steps[-1](self._actions, name)
        self._settled("an undisturbed run")
        found = calls(self._actions.aws.operators_calls())
        self._clear()
        return found

    def kill_at(self, scenario: Scenario, call: Call, when: When) -> None:
        """Kill the operator at a call, start it again, and wait for the state that the resources describe."""
        name = self._prepared(scenario)
        self._actions.aws.script(_delayed(call, when))
        scenario.steps[-1](self._actions, name)
        self._wait_delayed(call)
        self._operator.kill()
        self._actions.aws.script([])
        self._start()
        self._settled(f"SIGKILL {when} {call.operation} {call.number}")
        self._clear()

    def reset(self) -> None:
        """Delete everything after a failure."""
        self._operator.kill()
        self._actions.reset()
        self._start()

    def _start(self) -> None:
        self._operator.start()
        self._operator.wait_ready()
        self._started = time.monotonic()

    def _prepared(self, scenario: Scenario) -> str:
        # A new process makes more calls for a deletion, and those of the killed one are logged late.
        time.sleep(max(0.0, self._started + DOUBT_SECONDS - time.monotonic()))
        name = f"{scenario.name.replace('_', '-')}-{next(self._numbers)}"
        for step in scenario.steps[:-1]:
            step(self._actions, name)
            self._settled("the preparation")
            self._probe.read_again()
        return name

    def _wait_delayed(self, call: Call) -> None:
        until = time.monotonic() + TIMEOUT_SECONDS
        while self._actions.aws.faults():
            assert time.monotonic() < until, f"{call.operation} {call.number} was not called again"
            time.sleep(_POLL_SECONDS)

    def _clear(self) -> None:
        self._actions.clear()
        self._settled("the clearing up")

    def _settled(self, after: str) -> None:
        problems = self._actions.settle(self._operator.revive)
        listed = "\n".join(f"- {problem}" for problem in problems)
        assert not problems, f"after {after}:\n{listed}\n{self._operator.log[-5000:]}"


def _delayed(call: Call, when: When) -> list[dict[str, object]]:
    earlier = [{"operation": call.operation, "times": call.number - 1}] if call.number > 1 else []
    # Before: the abandoned call ends with an error that no client reads; test_races.py has those carried out later.
    error = {"status": 500} if when == "before" else {}
    return [*earlier, {"operation": call.operation, "delay": DELAY_SECONDS, "when": when, **error}]
