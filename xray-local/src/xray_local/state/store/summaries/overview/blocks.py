"""Matching traces as strings that have a character for each trace, by blocks of sequence numbers.

SQLite writes the strings and `collections.Counter` counts their characters, both in C: a hundred thousand traces are
counted in milliseconds. A block is read again only after one of its traces has changed.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xray_local.state.store.database import Database
from xray_local.state.store.summaries import cache
from xray_local.state.store.summaries.cache import Span
from xray_local.state.store.summaries.conditions import Condition, annotation_start, joined_conditions

KEPT = 64  # filters, and scales of them, of which blocks are kept: those of the groups, and some of lists
ROW_BUCKETS = 92  # of `durations` in one row of the heat map: five rows from a duration to ten times as long
ROWS = 60
CYCLE = 250  # columns of the heat map after which their characters begin again


LARGE = 4096  # traces of a block whose counts are kept as well


@dataclass(frozen=True)
class Strings:
    """A character for each trace: what it took and how it ended, its route, its shape.

    `first` and `last` are when the first and the last of them started, in epoch seconds.
    """

    first: float = 0.0
    last: float = 0.0
    results: str = ""
    routes: str = ""
    shapes: str = ""

    @property
    def is_large(self) -> bool:
        """Whether the counts of this block should be added to those of others: the strings are counted otherwise."""
        return len(self.results) >= LARGE

    @cached_property
    def result_counts(self) -> Counter[str]:
        """How often each result occurs."""
        return Counter(self.results)

    @cached_property
    def shape_counts(self) -> Counter[str]:
        """How often each shape occurs."""
        return Counter(self.shapes)

    @cached_property
    def results_by_route(self) -> dict[str, str]:
        """The results of each route."""
        return results_by_key(self.routes, self.results)

    def count_more(self) -> bool:
        """Count something of a large block that is not counted yet; return whether there was something."""
        left = (name for name in _COUNTED if self.is_large and name not in vars(self))
        return any(getattr(self, name) is not None for name in left)


_COUNTED = ("result_counts", "results_by_route", "shape_counts")
RESULT = "CHAR(1 + bucket * 8 + fault * 4 + error * 2 + throttle)"
_COLUMNS = f"""
  COALESCE(MIN(first), 0), COALESCE(MAX(first), 0),
  COALESCE(GROUP_CONCAT({RESULT}, ''), ''),
  COALESCE(GROUP_CONCAT(CHAR(1 + route), ''), ''),
  COALESCE(GROUP_CONCAT(CHAR(1 + MIN(shape, 50000)), ''), '')
"""
_CELLS = f"""
  COALESCE(GROUP_CONCAT(CHAR(
    1 + (((CAST(first / ? AS INTEGER) % {CYCLE} + {CYCLE}) % {CYCLE}) * {ROWS} + bucket / {ROW_BUCKETS}) * 2 + fault
  ), ''), '')
"""


class Blocks:
    """Reads blocks; `kept` has those of some filters and scales."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.kept = cache.Blocks(KEPT)

    def strings(self, span: Span, condition: Condition) -> Strings:
        """Return the traces of a block that meet a condition."""
        return Strings(*self._rows(span, Condition(_COLUMNS), condition)[0])

    def cells(self, span: Span, step: float, condition: Condition) -> Counter[str]:
        """Return how often the same traces are in each cell of the heat map; a column has `step` seconds."""
        return Counter(self._rows(span, Condition(_CELLS, (step,)), condition)[0][0])

    def strings_and_cells(self, span: Span, step: float, condition: Condition) -> tuple[Strings, Counter[str]]:
        """Return both of the traces, which are read once."""
        *strings, cells = self._rows(span, Condition(f"{_COLUMNS}, {_CELLS}", (step,)), condition)[0]
        return Strings(*strings), Counter(cells)

    def rows(self, span: Span, condition: Condition) -> list[tuple[int, float, int, str]]:
        """Return the shape, start, sequence number and id of a block's traces that meet a condition."""
        return self._rows(span, Condition("shape, first, seq, trace_id"), condition)

    def results_by_status(self, span: Span, condition: Condition) -> dict[str, str]:
        """Return the results of a block's traces by their status."""
        columns = Condition(f"http_status, GROUP_CONCAT({RESULT}, '')")
        rows = self._rows(span, columns, condition, "GROUP BY 1")
        return {str(status): results for status, results in rows if status is not None}

    def results_by_annotation(self, span: Span, key: str, condition: Condition) -> dict[str, str]:
        """Return the results of a block's traces by the value of an annotation as JSON; of several, by the first."""
        start = annotation_start(key)
        columns = Condition(f"COALESCE(GROUP_CONCAT(annotations, ';'), ''), COALESCE(GROUP_CONCAT({RESULT}, ''), '')")
        having = joined_conditions(" AND ", [Condition("INSTR(annotations, ?) > 0", (start,)), condition])
        annotations, results = self._rows(span, columns, having)[0]
        # The value, and the rest of the trace's lines, each of which begins with a bracket.
        values = re.findall(rf"{re.escape(start)}(.*)\]\n(?:\[.*\n)*+", annotations)
        return results_by_key(values, results)

    def _rows(self, span: Span, columns: Condition, condition: Condition, suffix: str = "") -> list[Any]:
        statement = (
            f"SELECT {columns.sql} FROM traces WHERE seq BETWEEN ? AND ?"  # noqa: S608 (constants)
            f" AND shape IS NOT NULL AND {condition.sql} {suffix}"
        )
        return self._database.rows(statement, (*columns.parameters, span.low, span.high, *condition.parameters))


def results_by_key(keys: Iterable[str], results: str) -> dict[str, str]:
    """Return the results of the traces of each key."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key, result in zip(keys, results, strict=True):
        found[key].append(result)
    return {key: "".join(parts) for key, parts in found.items()}


def joined_results(blocks: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return the results of all traces of some blocks by what they are grouped by."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for block in blocks:
        for value, results in block.items():
            found[value].append(results)
    return {value: "".join(parts) for value, parts in found.items()}


def added(counters: Iterable[Counter[str]]) -> Counter[str]:
    """Return the sum of some counts."""
    whole: Counter[str] = Counter()
    for counts in counters:
        whole.update(counts)
    return whole


def joined(blocks: Iterable[Strings]) -> Strings:
    """Return all traces of some blocks."""
    parts = [block for block in blocks if block.results]
    if not parts:
        return Strings()
    return Strings(
        min(part.first for part in parts),
        max(part.last for part in parts),
        *("".join(getattr(part, name) for part in parts) for name in ("results", "routes", "shapes")),
    )
