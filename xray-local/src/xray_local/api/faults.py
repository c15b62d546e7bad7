"""Scripted faults: how tests make the API fail. `/_local/faults` sets the script.

A fault names an operation and how often it applies. It delays and answers an error before the operation has run, or
after it has been carried out (a lost response); or it answers a read with the last response to the same request (a
stale read).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from xray_local.api import shapes
from xray_local.errors import ApiError

FAULTS_MAX = 100
DELAY_MAX = 60.0  # seconds
TIMES_MAX = 1_000_000
REMEMBERED_MAX = 500  # responses that stale reads can return
READS = frozenset({"GetSamplingRules", "GetGroup", "GetGroups", "ListTagsForResource"})


@dataclass(slots=True)
class Fault:
    """One scripted fault; without a `status` it answers no error. `operation` may be `*`.

    `when` is for both the delay (in seconds) and the error.
    """

    operation: str
    times: int = 1
    status: int | None = None
    code: str = "InternalFailure"
    message: str = "a scripted fault"
    when: Literal["before", "after"] = "before"
    delay: float = 0.0
    stale: bool = False

    async def apply(self) -> None:
        """Delay, and raise the error if there is one."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.status is not None:
            raise ApiError(self.code, self.message, self.status)


class FaultError(ValueError):
    """A script that is not valid; the message names the fault and its member."""


def parse(script: Any) -> list[Fault]:
    """Return the faults of a script: a list of objects with Fault's members."""
    if not isinstance(script, list) or len(script) > FAULTS_MAX:
        raise FaultError(f"the script is not a list of at most {FAULTS_MAX} faults")
    return [_fault(number, members) for number, members in enumerate(script, start=1)]


def _fault(number: int, members: Any) -> Fault:
    if not isinstance(members, Mapping):
        raise FaultError(f"fault {number}: {members!r}: expected an object")
    if "operation" not in members:
        raise FaultError(f"fault {number}: operation is missing")
    for name, value in members.items():
        if name not in _CHECKS:
            raise FaultError(f"fault {number}: unknown member {name!r}: expected {', '.join(_CHECKS)}")
        is_valid, expected = _CHECKS[name]
        if not is_valid(value):
            raise FaultError(f"fault {number}: {name}: {value!r}: expected {expected}")
    fault = Fault(**members)
    if fault.stale and fault.operation not in READS:
        raise FaultError(f"fault {number}: stale: {fault.operation!r}: expected one of {', '.join(sorted(READS))}")
    return fault


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "operation": (
        lambda value: isinstance(value, str) and value in {"*", *(route.operation for route in shapes.routes())},
        "an operation of the X-Ray API, or *",
    ),
    "times": (lambda value: _is_whole(value, 1, TIMES_MAX), f"a whole number from 1 to {TIMES_MAX}"),
    "status": (lambda value: value is None or _is_whole(value, 400, 599), "a whole number from 400 to 599, or null"),
    "code": (lambda value: isinstance(value, str) and value.isascii() and value.isalnum(), "ASCII letters and digits"),
    "message": (lambda value: isinstance(value, str), "a string"),
    "when": (lambda value: isinstance(value, str) and value in {"before", "after"}, "before or after"),
    "delay": (
        lambda value: isinstance(value, int | float) and 0 <= value <= DELAY_MAX,
        f"seconds from 0 to {DELAY_MAX:g}",
    ),
    "stale": (lambda value: isinstance(value, bool), "true or false"),
}


class FaultScript:
    """The faults that are still to apply, and the responses that stale reads repeat."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._responses: dict[tuple[str, ...], Any] = {}

    def take(self, operation: str) -> Fault | None:
        """Return the next fault of an operation, and count that it has applied."""
        fault = next((fault for fault in self.faults if fault.operation in {operation, "*"}), None)
        if fault is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return fault

    def remember(self, request: tuple[str, ...], response: Any) -> None:
        """Remember the response to a read, and forget the oldest one beyond the limit."""
        self._responses.pop(request, None)
        self._responses[request] = response
        if len(self._responses) > REMEMBERED_MAX:
            del self._responses[next(iter(self._responses))]

    def remembered(self, request: tuple[str, ...]) -> Any:
        """Return the last response to the same request, or None."""
        return self._responses.get(request)

    def clear(self) -> None:
        """Forget the faults and the responses."""
        self.faults.clear()
        self._responses.clear()


def as_json(faults: list[Fault]) -> list[dict[str, Any]]:
    """Return the faults as the objects of a script."""
    return [asdict(fault) for fault in faults]
