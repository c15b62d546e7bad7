"""The requests that began the stored traces: what a sampling rule decides by, and the rule that took each of them.

Only traces with a summary are known here.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from xray_local.state.store.database import Database, chunks, marks
from xray_local.state.store.summaries import summary_json
from xray_local.state.store.summaries.overview.routes import Routes
from xray_local.traces.summaries import Sampling, ServiceId, TraceSummary


@dataclass(frozen=True, slots=True)
class Requests:
    """Traces of equal requests: how many, the decision that took them, if it was recorded, and the request.

    `first` and `last` are when the first and the last of them started, in epoch seconds; `route` is the method and the
    path without ids; `annotations` is a line of JSON
    for each key and value, empty if it is not asked for.
    """

    count: int
    first: float
    last: float
    route: str
    sampling: Sampling | None
    entry_point: ServiceId
    method: str | None
    url: str | None
    annotations: str


class Traffic:
    """Reads the table of traces together with the shapes of traces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def requests(self, start: float, end: float, *, attributes: bool, limit: int) -> Iterator[Requests]:
        """Yield the requests of the newest traces that started in a range (epoch seconds), the end excluded."""
        pairs = "annotations" if attributes else "''"
        statement = (
            "SELECT COUNT(*), MIN(first), MAX(first), route, shape, http_method, http_url,"  # noqa: S608 (constants)
            f" {pairs} AS pairs FROM (SELECT * FROM traces WHERE first >= ? AND first < ? AND shape IS NOT NULL"
            " ORDER BY first DESC LIMIT ?) GROUP BY shape, http_method, http_url, pairs"
        )
        rows = self._database.rows(statement, (start, end, limit))
        shapes: dict[int, TraceSummary] = {}
        routes = Routes(self._database).all()
        for count, first, last, route, shape, method, url, annotations in rows:
            if shape not in shapes:
                shapes[shape] = self._example(shape)
            yield Requests(
                count=count,
                first=first,
                last=last,
                route=f"{routes[route].method} {routes[route].path}".strip() if route in routes else "",
                sampling=shapes[shape].sampling,
                entry_point=shapes[shape].entry_point,
                method=method,
                url=url,
                annotations=annotations or "",
            )

    def by_rule(self) -> Counter[str]:
        """Return how many traces each rule took."""
        counts: Counter[str] = Counter()
        for shape, count in self._database.rows(
            "SELECT shape, COUNT(*) FROM traces WHERE shape NOTNULL GROUP BY shape"
        ):
            if sampling := self._example(shape).sampling:
                counts[sampling.rule] += count
        return counts

    def of_rule(self, rule_name: str, limit: int) -> list[TraceSummary]:
        """Return the newest traces that a rule took."""
        shapes = [
            shape
            for (shape,) in self._database.rows("SELECT id FROM shapes")
            if (sampling := self._example(shape).sampling) and sampling.rule == rule_name
        ]
        found: list[tuple[float, bytes]] = []
        for chunk in chunks(shapes):
            statement = (
                "SELECT first, body FROM traces JOIN summaries USING (seq)"  # noqa: S608 (placeholders only)
                f" WHERE shape IN ({marks(chunk)}) ORDER BY first DESC LIMIT ?"
            )
            found += self._database.rows(statement, (*chunk, limit))
        newest = sorted(found, key=lambda row: -row[0])[:limit]
        return [summary_json.load(zlib.decompress(body)) for _, body in newest]

    def _example(self, shape: int) -> TraceSummary:
        (example,) = self._database.row("SELECT example FROM shapes WHERE id = ?", (shape,))
        return summary_json.load(zlib.decompress(example))
