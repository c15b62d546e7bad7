"""Two operators with one Lease, of which one leads: changed by a kill, a clean end, or a freeze of the leader."""

import time
from collections.abc import Callable, Mapping
from typing import Literal

from tools.operator_process import OperatorProcess

Change = Literal["kill", "terminate", "freeze"]
LEASE_SECONDS = 3
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.02


class OperatorPair:
    """Operators by their identity; `holder` reads the Lease's."""

    def __init__(self, operators: Mapping[str, OperatorProcess], holder: Callable[[], str]) -> None:
        self._operators = operators
        self._holder = holder

    @property
    def log(self) -> str:
        """What both have logged since their last starts."""
        return "\n".join(f"{name}:\n{operator.log[-5000:]}" for name, operator in self._operators.items())

    def start(self) -> None:
        """Start both, and wait until they are ready."""
        for operator in self._operators.values():
            operator.start()
        for operator in self._operators.values():
            operator.wait_ready()

    def kill(self) -> None:
        """Kill both."""
        for operator in self._operators.values():
            operator.kill()

    def revive(self) -> None:
        """Restart those that have ended."""
        for operator in self._operators.values():
            operator.revive()

    def restart_leader(self) -> None:
        """Kill the leader and start it again: it still holds the Lease."""
        self._operators[self._leader()].restart()

    def change_leader(self, how: Change) -> None:
        """End or freeze the leader, wait until the other leads, and let the first return as a standby."""
        name = self._leader()
        operator = self._operators[name]
        match how:
            case "kill":
                operator.kill()
            case "terminate":
                assert operator.terminate() == 0, operator.log[-3000:]
            case "freeze":
                operator.pause()
        self._wait(lambda: self._holder() not in {name, ""}, "no other operator leads")
        if how == "freeze":
            operator.resume()
        else:
            operator.start()

    def _leader(self) -> str:
        self._wait(lambda: self._holder() in self._operators, "no operator leads")
        return self._holder()

    def _wait(self, condition: Callable[[], bool], problem: str) -> None:
        until = time.monotonic() + _WAIT_SECONDS
        while not condition():
            assert time.monotonic() < until, f"{problem} after {_WAIT_SECONDS} s\n{self.log}"
            time.sleep(_POLL_SECONDS)
