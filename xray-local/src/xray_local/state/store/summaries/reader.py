"""What every reader of traces needs: conditions, verdicts, and the blocks of a range."""

from collections.abc import Iterator
from dataclasses import dataclass

from xray_local.state.store.database import Database
from xray_local.state.store.summaries.cache.blocks import Blocks, Span, spans
from xray_local.state.store.summaries.cache.verdicts import Verdicts
from xray_local.state.store.summaries.conditions import ANY, Condition, condition
from xray_local.state.store.summaries.selection import Bounds, Filter, Selection
from xray_local.state.store.summaries.shapes import Shapes
from xray_local.state.store.summaries.summarizer import Summarizer
from xray_local.traces.summaries import TraceSummary

Position = tuple[float, int]
IN_SPAN = "seq BETWEEN ? AND ?"
_BOUNDS = ", ".join(f"MIN({name}), MAX({name})" for name in ("first", "last", "updated"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trace that may match; `shape` is None if it has no columns, `summary` is there if it was made just now."""

    shape: int | None
    first: float
    seq: int
    trace_id: str
    summary: TraceSummary | None = None

    @property
    def position(self) -> Position:
        """What orders it and pages."""
        return self.first, self.seq


class Reader:
    """Reads traces through their columns, which its `summarizer` writes, and keeps what it found."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shapes = Shapes(database)
        self.summarizer = Summarizer(database, self._shapes)
        self._verdicts = Verdicts()
        self._blocks = Blocks()
        self._first = 0  # the lowest sequence number

    def forget(self, changed: set[int]) -> None:
        """Forget what is known of traces that have changed."""
        self._verdicts.forget(changed)
        self._blocks.forget(changed)

    def prune(self) -> None:
        """Delete what only evicted traces had, within the caller's transaction."""
        self._shapes.prune()

    def clear(self) -> None:
        """Forget everything."""
        self._shapes.forget()
        self._verdicts.clear()
        self._blocks.clear()

    def _condition(self, chosen: Filter | None) -> Condition:
        if chosen is None or chosen.expression is None:
            return ANY
        self._first = self._database.row("SELECT COALESCE(MIN(seq), 0) FROM traces")[0]
        return condition(chosen.expression, lambda expression: self._shapes.where(expression, chosen.holds))

    def _spans(self, selection: Selection) -> Iterator[tuple[Span, bool]]:
        """Yield the blocks that have traces of a range, and whether all of theirs are in it."""
        first, last = self._database.row("SELECT (SELECT MIN(seq) FROM traces), (SELECT MAX(seq) FROM traces)")
        if first is None:
            return
        self._blocks.evict(first)
        for span in spans(first, last):
            bounds: Bounds | None = self._blocks.get(_BOUNDS, span)
            if bounds is None:
                row = self._database.row(f"SELECT {_BOUNDS} FROM traces WHERE {IN_SPAN}", span)  # noqa: S608 (constants)
                bounds = Bounds(*row)
                self._blocks.put(_BOUNDS, span, bounds)
            is_whole = bounds.are_within(selection)
            if is_whole is not False:
                yield span, is_whole is True

    def _is_match(self, candidate: Candidate, chosen: Filter | None, by: Condition) -> bool:
        if chosen is None or chosen.expression is None or (by.exact and candidate.shape is not None):
            return True
        verdict = self._verdicts.get(chosen.key, candidate.seq)
        if verdict is None:
            verdict = chosen.matches(candidate.summary or self.summarizer.summary(candidate.seq))
            self._verdicts.put(chosen.key, candidate.seq, verdict, first=self._first)
        return verdict
