"""Scripted faults and the log of calls: how tests make the API fail, and see what it was asked. Under `/_local/`.

A fault names an operation and how often it applies; it delays, answers an error before the operation has run, or after
it has been carried out (the case of a lost answer).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aiohttp import web

from xray_local import shapes
from xray_local.errors import ApiError

LOG_MAX = 2000  # calls that the log keeps
FAULTS_MAX = 100
DELAY_MAX = 60.0  # seconds
TIMES_MAX = 1_000_000


@dataclass(slots=True)
class Fault:
    """One scripted fault; `status` None means that it only delays. `operation` may be `*`."""

    operation: str
    times: int = 1
    status: int | None = None
    code: str = "InternalFailure"
    message: str = "a scripted fault"
    when: Literal["before", "after"] = "before"
    delay: float = 0.0

    def error(self) -> ApiError | None:
        """Give the error to answer, if it answers one."""
        return None if self.status is None else ApiError(self.code, self.message, self.status)


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
    return Fault(**given)


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
}


class Script:
    """The faults that are still to come, and the calls that have been made."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.calls: deque[dict[str, Any]] = deque(maxlen=LOG_MAX)

    async def before(self, operation: str) -> ApiError | None:
        """Apply the next fault: wait, raise what comes before the operation, give what comes after it."""
        fault = next((one for one in self.faults if one.operation in {operation, "*"}), None)
        if fault is None:
            return None
        fault.times -= 1
        if not fault.times:
            self.faults.remove(fault)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        error = fault.error()
        if error is not None and fault.when == "before":
            raise error
        return error

    def log(self, **call: Any) -> None:
        """Note a call."""
        self.calls.append(call)

    def clear(self) -> None:
        """Forget the faults and the calls."""
        self.faults.clear()
        self.calls.clear()


SCRIPT_KEY = web.AppKey("script", Script)


def as_json(faults: list[Fault]) -> list[dict[str, Any]]:
    """Give the faults as the objects that they came from."""
    return [asdict(fault) for fault in faults]
