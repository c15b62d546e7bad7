"""How the operator is killed at a call to AWS in a scenario.

The calls are those of an undisturbed run. A scripted fault holds the call up, before AWS has done it or after; then the
process gets SIGKILL, and the next one has to find its way from what is there.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal, NamedTuple

from tests.integration.faults.hands import PATIENCE, Hands
from tests.integration.faults.scenarios import Scenario
from tests.integration.faults.world import Key, Wanted
from tools.operator_process import OperatorProcess
from xray_model import SamplingRule
from xray_operator.kubernetes.resource import RECONCILE_ANNOTATION

When = Literal["before", "after"]
Point = tuple["Call", When]
HELD_UP_SECONDS = 3.0
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
    """Yield when to kill at calls; after a read AWS is as it is before the next call."""
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
    """A resource that only looks, by which the operator is asked to read AWS; else it does so at its interval."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._numbers = count(1)
        hands.apply(Wanted(name=_PROBE.name, value=_NO_SUCH_RULE, policies={"managementPolicy": "Observe"}))

    def ask(self) -> str:
        """Ask for a read and return the token that is told when it is done."""
        token = f"{time.time_ns()}-{next(self._numbers)}"
        self._hands.annotate(_PROBE, RECONCILE_ANNOTATION, token)
        return token

    def read_anew(self) -> None:
        """Ask, and wait for it."""
        token = self.ask()
        until = time.monotonic() + PATIENCE
        while self._hands.read(_PROBE).get("status", {}).get("lastHandledReconcileAt") != token:
            assert time.monotonic() < until, "the operator does not read AWS anew"
            time.sleep(_POLL_SECONDS)


class Executioner:
    """Runs scenarios, undisturbed or with a death in them; the operator runs on from one to the next."""

    def __init__(self, hands: Hands, probe: Probe, operator: OperatorProcess) -> None:
        self._hands = hands
        self._probe = probe
        self._operator = operator
        self._numbers = count(1)
        self._last_death = 0.0

    def record(self, scenario: Scenario) -> list[Call]:
        """Run a scenario undisturbed and return its calls to AWS."""
        time.sleep(max(0.0, self._last_death + HELD_UP_SECONDS - time.monotonic()))  # calls held up are logged late
        name = self._prepared(scenario)
        self._hands.aws.forget_calls()
        scenario.steps[-1](self._hands, name)
        self._settled("an undisturbed run")
        found = calls(self._hands.aws.operators_calls())
        self._clear()
        return found

    def kill_at(self, scenario: Scenario, call: Call, when: When) -> None:
        """Kill the operator at a call, start it again, and demand the state that is asked for."""
        name = self._prepared(scenario)
        self._hands.aws.script(_held_up(call, when))
        scenario.steps[-1](self._hands, name)
        self._wait_held_up(call)
        self._operator.kill()
        self._last_death = time.monotonic()
        self._hands.aws.script([])
        self._operator.start()
        self._settled(f"SIGKILL {when} {call.operation} {call.number}")
        self._clear()

    def start_over(self) -> None:
        """Begin anew after something went wrong."""
        self._operator.kill()
        self._hands.start_over()
        self._operator.start()

    def _prepared(self, scenario: Scenario) -> str:
        name = f"{scenario.name.replace('_', '-')}-{next(self._numbers)}"
        for step in scenario.steps[:-1]:
            step(self._hands, name)
            self._settled("the preparation")
            self._probe.read_anew()
        return name

    def _wait_held_up(self, call: Call) -> None:
        until = time.monotonic() + PATIENCE
        while self._hands.aws.faults():
            assert time.monotonic() < until, f"{call.operation} {call.number} was not called again"
            time.sleep(_POLL_SECONDS)

    def _clear(self) -> None:
        self._hands.clear()
        self._settled("the clearing up")

    def _settled(self, after: str) -> None:
        problems = self._hands.settle(self._operator.revive)
        told = "\n".join(f"- {problem}" for problem in problems)
        assert not problems, f"after {after}:\n{told}\n{self._operator.log[-5000:]}"


def _held_up(call: Call, when: When) -> list[dict[str, object]]:
    earlier = [{"operation": call.operation, "times": call.number - 1}] if call.number > 1 else []
    # Before: a call that is given up must not be done later on, so it ends with an error that nobody hears.
    error = {"status": 500} if when == "before" else {}
    return [*earlier, {"operation": call.operation, "delay": HELD_UP_SECONDS, "when": when, **error}]
