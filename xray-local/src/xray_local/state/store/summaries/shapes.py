"""The shapes of traces: what many traces have in common, with one summary as an example of each."""

import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from xray_local.state.store.database import Database
from xray_local.state.store.summaries import columns
from xray_local.traces import summaries
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression

EXPRESSIONS_MAX = 64  # whose verdicts are kept
EXAMPLES_MAX = 256  # that are kept


class Shapes:
    """The table of shapes, and which expressions are true for which of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[tuple[Any, ...], int] = {}
        self._examples: OrderedDict[int, TraceSummary] = OrderedDict()
        self._verdicts: OrderedDict[Expression, dict[int, bool]] = OrderedDict()

    def id(self, summary: TraceSummary, dumped: bytes) -> int:
        """Return the shape of a summary, also given in JSON; a new one is written within the caller's transaction."""
        shape = columns.shape(summary)
        known = self._ids.get(shape)
        if known is None:
            digest = columns.digest(shape)
            row = (digest, zlib.compress(dumped, 1))
            self._database.execute("INSERT OR IGNORE INTO shapes (digest, example) VALUES (?, ?)", row)
            (known,) = self._database.row("SELECT id FROM shapes WHERE digest = ?", (digest,))
            self._ids[shape] = known
        return int(known)

    def example(self, shape: int) -> TraceSummary:
        """Return the summary of one of the traces of a shape."""
        known = self._examples.get(shape)
        if known is None:
            (example,) = self._database.row("SELECT example FROM shapes WHERE id = ?", (shape,))
            known = self._examples[shape] = summaries.load(zlib.decompress(example))
            if len(self._examples) > EXAMPLES_MAX:
                self._examples.popitem(last=False)
        return known

    def where(self, expression: Expression, matches: Callable[[Expression, TraceSummary], bool]) -> list[int]:
        """Return the shapes for which an expression is true."""
        known = self._verdicts.setdefault(expression, {})
        self._verdicts.move_to_end(expression)
        if len(self._verdicts) > EXPRESSIONS_MAX:
            self._verdicts.popitem(last=False)
        for (shape,) in self._database.rows("SELECT id FROM shapes"):
            if shape not in known:
                known[shape] = matches(expression, self.example(shape))
        return [shape for shape, verdict in known.items() if verdict]

    def prune(self) -> None:
        """Delete the shapes that no trace has, within the caller's transaction."""
        self._database.execute("DELETE FROM shapes WHERE id NOT IN (SELECT shape FROM traces WHERE shape IS NOT NULL)")
        self.forget()

    def forget(self) -> None:
        """Read the table again."""
        self._ids.clear()
        self._examples.clear()
        self._verdicts.clear()
