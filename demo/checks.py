"""The demo's checks: pure functions from counts to verdicts."""

import math
from dataclasses import dataclass

SIGMAS = 5  # a correct sampler is outside this band once in about 1.7 million checks


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a printed number; `missing` describes a failure."""

    name: str
    passed: bool
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """The answered and the sampled requests of one worker or of all workers in `seconds`."""

    requests: int
    sampled: int
    seconds: float

    @property
    def share(self) -> float:
        """The sampled share, 0 to 1."""
        return self.sampled / self.requests if self.requests else 0.0


def allowed(requests: int, *, rate: float, reservoir: float, seconds: float) -> tuple[float, float]:
    """Return the minimum and maximum of sampled requests that a rule explains.

    The rate is a binomial draw, accepted within SIGMAS standard deviations. The reservoir may add its size in each
    second and in two more, because the period starts and ends within a second.
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
    """Check that a printed value equals the expected one."""
    return Check(
        name, passed=actual == expected, missing="" if actual == expected else f"{actual}, expected {expected}"
    )
