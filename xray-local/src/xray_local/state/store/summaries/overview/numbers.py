"""What many traces have in common in numbers: how many there are, how many failed, percentiles of what they took.

Everything is counted from strings that have a character for each trace. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from xray_local.state.store.summaries.overview import durations
from xray_local.state.store.summaries.overview.blocks import (
    CYCLE,
    ROW_BUCKETS,
    ROWS,
    Strings,
    added,
    joined,
    joined_results,
    results_by_key,
)
from xray_local.state.store.summaries.overview.routes import Route
from xray_local.traces.summaries import TraceSummary

FAULT, ERROR, THROTTLE = 4, 2, 1  # bits of a result
FLAGS = 8  # values that they have


@dataclass(frozen=True, slots=True)
class Spread:
    """A number of traces, those that ended with a flag, and percentiles of what they took in seconds.

    The percentiles are at most 0.25 % from the exact ones.
    """

    traces: int = 0
    faults: int = 0
    errors: int = 0
    throttles: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0

    @property
    def failed(self) -> float:
        """The share of faults, from 0 to 1."""
        return self.faults / self.traces if self.traces else 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """Traces that started in a time and took about the same; the ends are excluded. Times are in seconds.

    `row` counts from the shortest durations there can be.
    """

    start: float
    end: float
    shortest: float
    longest: float
    row: int
    traces: int
    faults: int


@dataclass(frozen=True, slots=True)
class Group:
    """Traces that have something in common, which `key` is: a route, the name of a service, a status, a value."""

    key: Route | str
    spread: Spread


class Overview:
    """The numbers of the traces that match a selection; `step` is a column of the heat map in seconds, 0 without one.

    It is `complete` unless there was no time to read all of them. `first` and `last` are when the first and the last
    of the traces started.
    """

    def __init__(
        self,
        blocks: Sequence[Strings],
        cells: Sequence[Counter[str]],
        *,
        step: float,
        complete: bool,
        routes: Mapping[int, Route],
        example: Callable[[int], TraceSummary],
    ) -> None:
        self._routes, self._example = routes, example
        self._large = [block for block in blocks if block.is_large]
        self._small = joined(block for block in blocks if not block.is_large)
        self._blocks = [*self._large, self._small]
        self._cells = cells
        self.step, self.complete = step, complete
        started = [block for block in self._blocks if block.results]
        self.first = min((block.first for block in started), default=0.0)
        self.last = max((block.last for block in started), default=0.0)

    @cached_property
    def total(self) -> Spread:
        """All traces."""
        return spread(added(block.result_counts for block in self._blocks))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the heat map that have traces, in the order of time and then of duration."""
        traces: Counter[tuple[int, int]] = Counter()
        faults: Counter[tuple[int, int]] = Counter()
        origin = int(self.first // self.step)
        for character, number in added(self._cells).items():
            place, fault = divmod(ord(character) - 1, 2)
            column, row = divmod(place, ROWS)
            at = (origin + (column - origin) % CYCLE, row)
            traces[at] += number
            faults[at] += number * fault
        return tuple(self._cell(at, traces[at], faults[at]) for at in sorted(traces))

    def _cell(self, at: tuple[int, int], traces: int, faults: int) -> Cell:
        column, row = at
        shortest, longest = (durations.lower_edge(ROW_BUCKETS * edge) for edge in (row, row + 1))
        return Cell(column * self.step, (column + 1) * self.step, shortest, longest, row, traces, faults)

    @cached_property
    def routes(self) -> tuple[Group, ...]:
        """The routes, the most frequent first."""
        found = joined_results(block.results_by_route for block in self._blocks)
        return groups({self._routes[ord(route) - 1]: Counter(results) for route, results in found.items()})

    @cached_property
    def service_counts(self) -> Counter[str]:
        """How many of the traces have a segment of each service."""
        counts: Counter[str] = Counter()
        for shape, number in added(block.shape_counts for block in self._blocks).items():
            for name in self._services(shape):
                counts[name] += number
        return counts

    def _services(self, shape: str) -> frozenset[str]:
        return frozenset(service.name for service in self._example(ord(shape) - 1).service_ids)

    @cached_property
    def services(self) -> tuple[Group, ...]:
        """The services that sent a segment of the traces, the most frequent first."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for block in self._blocks:
            for shape, results in results_by_key(block.shapes, block.results).items():
                counts = Counter(results)
                for name in self._services(shape):
                    found[name].update(counts)
        return groups(found)


def groups(found: Mapping[Route, Counter[str]] | Mapping[str, Counter[str]]) -> tuple[Group, ...]:
    """Return the groups of some keys, the most frequent first."""
    made = (Group(key, spread(results)) for key, results in found.items())
    return tuple(sorted(made, key=lambda group: (-group.spread.traces, str(group.key))))


def spread(results: Counter[str]) -> Spread:
    """Return the numbers of some results."""
    total = results.total()
    flags = [0] * FLAGS
    buckets: defaultdict[int, int] = defaultdict(int)
    for character, number in results.items():
        bucket, flag = divmod(ord(character) - 1, FLAGS)
        flags[flag] += number
        buckets[bucket] += number
    counted = (sum(number for flag, number in enumerate(flags) if flag & bit) for bit in (FAULT, ERROR, THROTTLE))
    return Spread(total, *counted, *_percentiles(buckets, total))


def _percentiles(buckets: Mapping[int, int], total: int) -> list[float]:
    """Return the duration that half of the traces, 95 and 99 in a hundred of them do not exceed."""
    found: list[float] = []
    wanted = [max(1, -(-total * share // 100)) for share in (50, 95, 99)] if total else []
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        while wanted and seen >= wanted[0]:
            found.append(durations.middle(bucket))
            wanted.pop(0)
    return found
