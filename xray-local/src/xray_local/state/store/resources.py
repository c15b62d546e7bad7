"""Resources by kind and name: sampling rules, groups, policies and settings, as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from xray_local.state.store.database import Database


class Resources:
    """The table of resources, and the state of its database."""

    def __init__(self, database: Database) -> None:
        self._resources = database

    @property
    def problem(self) -> str:
        """Why the database cannot be read or written; else empty."""
        return self._resources.problem

    def put_resource(self, kind: str, name: str, body: dict[str, Any]) -> None:
        """Store a resource's JSON under its kind and name."""
        with self._resources.transaction():
            self._resources.execute("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", (kind, name, json.dumps(body)))

    def resource(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return a resource, or None."""
        row = self._resources.row("SELECT body FROM resources WHERE kind = ? AND name = ?", (kind, name))
        return None if row is None else json.loads(row[0])

    def resources(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the names and bodies of a kind, by name."""
        for name, body in self._resources.rows(
            "SELECT name, body FROM resources WHERE kind = ? ORDER BY name", (kind,)
        ):
            yield name, json.loads(body)

    def delete_resource(self, kind: str, name: str) -> None:
        """Delete a resource."""
        with self._resources.transaction():
            self._resources.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name))
