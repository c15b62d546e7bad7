"""The routes of traces: the method and path of the request that began a trace, without query and ids.

A trace without a request has the name of its first service as its path.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from xray_local.state.store.database import Database
from xray_local.traces.summaries import TraceSummary

ROUTES_MAX = 10_000  # beyond these, traces share one route
OTHER = 0
PATH_MAX = 200
_ID = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """A method, which may be empty, and a path in which `*` stands for an id; `example` is the URL of one request."""

    method: str
    path: str
    example: str = ""


def route_of(summary: TraceSummary) -> Route:
    """Return the route of a trace."""
    url = summary.http.url or ""
    if not url:
        return Route(summary.http.method or "", summary.entry_point.name[:PATH_MAX])
    path = _path(url)[:PATH_MAX]
    parts = ("*" if _ID.fullmatch(part) else part for part in path.split("/"))
    return Route((summary.http.method or "")[:20], "/".join(parts), url[:1000])


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return (parts.path or "/") if parts.netloc else url.partition("?")[0]


class Routes:
    """The table of routes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[tuple[str, str], int] = {}

    def id(self, route: Route) -> int:
        """Return the number of a route; a new one is written within the caller's transaction."""
        key = (route.method, route.path)
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = self._id(route)
        return known

    def _id(self, route: Route) -> int:
        found = self._database.row("SELECT id FROM routes WHERE method = ? AND path = ?", (route.method, route.path))
        if found:
            return int(found[0])
        (last,) = self._database.row("SELECT COALESCE(MAX(id), 0) FROM routes")
        if last >= ROUTES_MAX:
            return OTHER
        row = (last + 1, route.method, route.path, route.example)
        self._database.execute("INSERT INTO routes VALUES (?, ?, ?, ?)", row)
        return int(last) + 1

    def all(self) -> Mapping[int, Route]:
        """Return the routes by their numbers."""
        rows = self._database.rows("SELECT id, method, path, example FROM routes")
        return {OTHER: Route("", "other routes")} | {number: Route(*route) for number, *route in rows}

    def prune(self) -> None:
        """Delete the routes that no trace has, within the caller's transaction."""
        self._database.execute("DELETE FROM routes WHERE id NOT IN (SELECT route FROM traces WHERE route IS NOT NULL)")
        self.forget()

    def forget(self) -> None:
        """Read the table again."""
        self._ids.clear()
