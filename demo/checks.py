"""What the demo's numbers must be: pure functions from counts to verdicts.

Called by the demo's steps; never reads a clock, a socket or a file.
"""

import math
from dataclasses import dataclass

SIGMAS = 5  # a fair sampler leaves this band once in about 1.7 million checks


@dataclass(frozen=True, slots=True)
class Check:
    """One number that was printed, and whether it is right; `missing` says what is not."""

    name: str
    passed: bool
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests answered and sampled, by one worker or by all, within `seconds`."""

    requests: int
    sampled: int
    seconds: float

    @property
    def share(self) -> float:
        """The sampled share, 0 to 1."""
        return self.sampled / self.requests if self.requests else 0.0


def allowed(requests: int, *, rate: float, reservoir: float, seconds: float) -> tuple[float, float]:
    """Give the least and the most sampled requests that a rule explains.

    The rate alone is a binomial draw, kept within SIGMAS standard deviations; the reservoir may add
    its size in each second that was touched, and two at either end.
    """
    spread = SIGMAS * math.sqrt(requests * rate * (1 - rate))
    return rate * requests - spread, rate * requests + spread + reservoir * (seconds + 2)


def share_follows(name: str, tally: Tally, *, rate: float, reservoir: float) -> Check:
    """Check a sampled share against the rule's rate and reservoir."""
    low, high = allowed(tally.requests, rate=rate, reservoir=reservoir, seconds=tally.seconds)
    if tally.requests and low <= tally.sampled <= high:
        return Check(name, passed=True)
    return Check(
        name,
        passed=False,
        missing=f"{tally.sampled} of {tally.requests} requests were sampled, expected {low:.0f} to {high:.0f}",
    )


def equal(name: str, actual: object, expected: object) -> Check:
    """Check that a printed value is exactly the expected one."""
    return Check(name, passed=actual == expected, missing="" if actual == expected else f"{actual}, not {expected}")
