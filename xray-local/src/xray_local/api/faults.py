"""Scripted faults and the log of calls: how tests make the API fail, and see what it was asked. Under `/_local/`.

A fault names an operation and how often it applies. It delays and answers an error before the operation has run, or
after it has been carried out (a lost answer); or it answers a read with what the same request got last (a stale read).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aiohttp import web

from xray_local.api import shapes
from xray_local.errors import ApiError

LOG_MAX = 2000  # calls that the log keeps
FAULTS_MAX = 100
DELAY_MAX = 60.0  # seconds
TIMES_MAX = 1_000_000
REMEMBERED_MAX = 500  # answers that stale reads can give
READS = frozenset({"GetSamplingRules", "GetGroup", "GetGroups", "ListTagsForResource"})


@dataclass(slots=True)
class Fault:
    """One scripted fault; without a `status` it answers no error. `operation` may be `*`.

    The delay comes on the same side of the operation as the error: `before` it, or `after` it.
    """

    operation: str
    times: int = 1
    status: int | None = None
    code: str = "InternalFailure"
    message: str = "a scripted fault"
    when: Literal["before", "after"] = "before"
    delay: float = 0.0
    stale: bool = False

    async def strike(self) -> None:
        """Delay, and raise the error if there is one."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.status is not None:
            raise ApiError(self.code, self.message, self.status)


class FaultError(ValueError):
    """A script that is none; the text names what is wrong."""


def parse(given: Any) -> list[Fault]:
    """Read a script: a list of objects with Fault's members."""
    if not isinstance(given, list) or len(given) > FAULTS_MAX:
        raise FaultError(f"the script is no list of at most {FAULTS_MAX} faults")
    return [_fault(number, one) for number, one in enumerate(given, start=1)]


def _fault(number: int, given: Any) -> Fault:
    if not isinstance(given, Mapping):
        raise FaultError(f"fault {number} is {given!r}, expected an object")
    if "operation" not in given:
        raise FaultError(f"fault {number}: operation is missing")
    for name, value in given.items():
        if name not in _CHECKS:
            raise FaultError(f"fault {number}: {name} is unknown")
        if not _CHECKS[name](value):
            raise FaultError(f"fault {number}: {name} is {value!r}")
    fault = Fault(**given)
    if fault.stale and fault.operation not in READS:
        raise FaultError(f"fault {number}: stale is for {', '.join(sorted(READS))}, not for {fault.operation}")
    return fault


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "operation": lambda value: (
        isinstance(value, str) and value in {"*", *(route.operation for route in shapes.routes())}
    ),
    "times": lambda value: _is_whole(value, 1, TIMES_MAX),
    "status": lambda value: value is None or _is_whole(value, 400, 599),
    "code": lambda value: isinstance(value, str) and value.isascii() and value.isalnum(),
    "message": lambda value: isinstance(value, str),
    "when": lambda value: isinstance(value, str) and value in {"before", "after"},
    "delay": lambda value: isinstance(value, int | float) and 0 <= value <= DELAY_MAX,
    "stale": lambda value: isinstance(value, bool),
}


class Script:
    """The faults that are still to come, and the calls that have been made."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.calls: deque[dict[str, Any]] = deque(maxlen=LOG_MAX)
        self._answers: dict[tuple[str, ...], Any] = {}

    def take(self, operation: str) -> Fault | None:
        """Give the next fault of an operation, which then has applied once more."""
        fault = next((one for one in self.faults if one.operation in {operation, "*"}), None)
        if fault is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return fault

    def remember(self, request: tuple[str, ...], answer: Any) -> None:
        """Keep what a read was answered; the oldest is forgotten."""
        self._answers.pop(request, None)
        self._answers[request] = answer
        if len(self._answers) > REMEMBERED_MAX:
            del self._answers[next(iter(self._answers))]

    def remembered(self, request: tuple[str, ...]) -> Any:
        """Give what the same request was answered last, or None."""
        return self._answers.get(request)

    def log(self, **call: Any) -> None:
        """Note a call."""
        self.calls.append(call)

    def clear(self) -> None:
        """Forget the faults, the calls and the answers."""
        self.faults.clear()
        self.calls.clear()
        self._answers.clear()


SCRIPT_KEY = web.AppKey("script", Script)


def as_json(faults: list[Fault]) -> list[dict[str, Any]]:
    """Give the faults as the objects that they came from."""
    return [asdict(fault) for fault in faults]
