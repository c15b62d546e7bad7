"""The last requests that the listeners answered, and what in them AWS would refuse, drop or not expect."""

import json
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any, Literal

REQUESTS_MAX = 2000
PROBLEMS_MAX = 200  # different ones
MESSAGE_MAX = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request; `time` in epoch seconds, `peer` an IP address, `scope` the REGION/SERVICE it was signed for.

    The body is kept as it was sent, since parsed junk can take a hundred times the memory.
    """

    operation: str
    listener: str
    time: float
    status: int
    body: bytes
    peer: str | None
    scope: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the request with its body parsed; an empty one if that is not JSON."""
        try:
            body = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            body = {}
        return asdict(self) | {"body": body}


class RequestLog(deque[LoggedRequest]):
    """The last REQUESTS_MAX requests, oldest first; `counts` counts all by their operation."""

    def __init__(self) -> None:
        super().__init__(maxlen=REQUESTS_MAX)
        self.counts: Counter[str] = Counter()

    def append(self, request: LoggedRequest) -> None:
        """Add and count a request."""
        super().append(request)
        self.counts[request.operation] += 1


Verdict = Literal["refused", "odd"]
"""`refused` was not stored; `odd` was, and something in it is dropped or is not as AWS's model has it."""


@dataclass(slots=True, kw_only=True)
class Problem:
    """What one kind of request had wrong; `source` is an operation or a listener, times are epoch seconds.

    `id` is that of the last segment, span or client that had it, None if it has none.
    """

    verdict: Verdict
    source: str
    code: str
    message: str
    id: str | None
    count: int
    first: float
    last: float


class ProblemLog:
    """The last PROBLEMS_MAX different problems, each counted."""

    def __init__(self) -> None:
        self._problems: dict[tuple[str, str, str], Problem] = {}

    def add(
        self, verdict: Verdict, source: str, code: str, message: str, *, now: float, id_: str | None = None
    ) -> None:
        """Count a problem."""
        message = message[:MESSAGE_MAX]
        key = (source, code, message)
        problem = self._problems.pop(key, None)
        if problem is None:
            problem = Problem(
                verdict=verdict, source=source, code=code, message=message, id=id_, count=0, first=now, last=now
            )
        problem.count, problem.last, problem.id = problem.count + 1, now, id_
        self._problems[key] = problem
        if len(self._problems) > PROBLEMS_MAX:
            del self._problems[next(iter(self._problems))]

    def newest(self) -> list[Problem]:
        """Return the problems, the one that was seen last first."""
        return list(reversed(self._problems.values()))

    def clear(self) -> None:
        """Forget all of them."""
        self._problems.clear()
