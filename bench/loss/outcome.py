"""What became of the answered requests: received, lost and doubled on each wire, and counted as lost. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

READ_SECONDS = 0.1


@dataclass(slots=True)
class WireOutcome:
    """Spans, or segments."""

    received: int = 0
    lost: int = 0
    doubled: int = 0
    lost_traces: set[str] = field(default_factory=set)

    def add(self, other: "WireOutcome") -> None:
        """Add another run's."""
        self.received += other.received
        self.lost += other.lost
        self.doubled += other.doubled
        self.lost_traces |= other.lost_traces


def compare(answered: Iterable[str], received: Mapping[str, int], each: int, doubled: int) -> WireOutcome:
    """Compare the answered requests' traces with what was received of them; `each` has so many entries."""
    outcome = WireOutcome(doubled=doubled)
    for trace in answered:
        found = received.get(trace, 0)
        outcome.received += found
        if found < each:
            outcome.lost += each - found
            outcome.lost_traces.add(trace)
    return outcome


@dataclass(slots=True)
class Outcome:
    """The sum of a row's runs. `counted` is what the library has counted as lost; None for a stock recorder.

    `exits` are the seconds from SIGTERM to the end of gunicorn, `ages` the milliseconds of traffic that each kill lost.
    """

    answered: int = 0
    failed: int = 0
    spans: WireOutcome = field(default_factory=WireOutcome)
    segments: WireOutcome = field(default_factory=WireOutcome)
    counted: int | None = None
    exits: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    growth: "Growth | None" = None
    notes: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Spans and segments lost."""
        return self.spans.lost + self.segments.lost

    @property
    def doubled(self) -> int:
        """Spans and segments received again."""
        return self.spans.doubled + self.segments.doubled

    def add(self, other: "Outcome") -> None:
        """Add another run."""
        self.answered += other.answered
        self.failed += other.failed
        self.spans.add(other.spans)
        self.segments.add(other.segments)
        if other.counted is not None:
            self.counted = (self.counted or 0) + other.counted
        self.exits += other.exits
        self.ages += other.ages
        self.growth = other.growth or self.growth
        self.notes += [note for note in other.notes if note not in self.notes]


@dataclass(frozen=True, slots=True)
class Usage:
    """A worker's resident memory in MiB, threads and open descriptors."""

    memory: float
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Growth:
    """A worker's usage after a tenth of the requests, and after all."""

    before: Usage
    after: Usage

    def __str__(self) -> str:
        before, after = self.before, self.after
        return (
            f"RSS {before.memory:.0f} -> {after.memory:.0f} MiB, threads {before.threads} -> {after.threads}, "
            f"descriptors {before.descriptors} -> {after.descriptors}"
        )


def lost_ages(answered: Mapping[str, float], lost: Iterable[str], kills: Iterable[float]) -> list[float]:
    """Return for each kill, in order, the milliseconds before it in which the first lost request was answered.

    A response that is read within READ_SECONDS after a kill belongs to it: no new worker answers so early.
    """
    times = sorted(answered[trace] for trace in lost)
    ages, previous = [], 0.0
    for kill in kills:
        first = next((time for time in times if previous < time <= kill), kill)
        ages.append((kill - first) * 1000)
        previous = kill + READ_SECONDS
    return ages
