"""The SQLite database: opening, schema, transactions. The only module that uses sqlite3."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from xray_local.errors import StoreError, StoreFileError
from xray_local.settings import MEMORY
from xray_model.filter_expression import any_compares

PAGE_BYTES = 16_384  # few pages: a commit visits all those in memory, and writes each changed one of a file by itself
SCHEMA_VERSION = 7
HOST_PARAMETERS = 200  # of one statement, well below SQLite's limit
OWN_FILE = 0o600  # traces may hold secrets


class Database:
    """One writer's connection; every change is in a `transaction`. `is_new` is true for a file that was not there."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.is_new = _is_missing(path)
        self._connection = _open(path)
        self._unread = self._unwritten = ""

    def close(self) -> None:
        """Close the database; nothing is pending."""
        self._connection.close()

    def replace(self, kept: Sequence[str] = ()) -> None:
        """Begin again with a new file, for which also a full disk has room, with the rows of these tables."""
        rows = {table: self.rows(f"SELECT * FROM {table}") for table in kept}  # noqa: S608 (constants)
        self._connection.close()
        if self.path != MEMORY:
            for end in ("", "-wal", "-shm"):
                Path(f"{self.path}{end}").unlink(missing_ok=True)
        self._connection = _open(self.path)
        self._unread = ""
        with self.transaction():
            for table, found in rows.items():
                for row in found:
                    self.execute(f"INSERT INTO {table} VALUES ({marks(row)})", row)  # noqa: S608 (constants)

    @property
    def problem(self) -> str:
        """Why something could not be read, or the last change could not be written; else empty."""
        return self._unread or self._unwritten

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block changes, or nothing of it. StoreError if it cannot be written."""
        try:
            with self._connection:
                yield
        except sqlite3.Error as error:
            self._unwritten = not_written(error)
            raise StoreError(self._unwritten) from error
        self._unwritten = ""

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement that returns no rows."""
        self._connection.execute(statement, parameters)

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row of parameters."""
        self._connection.executemany(statement, rows)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return a query's rows as tuples. StoreError if they cannot be read."""
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._cannot_read(error) from error

    def row(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """Return a query's first row as a tuple, or None. StoreError if it cannot be read."""
        try:
            return self._connection.execute(statement, parameters).fetchone()
        except sqlite3.Error as error:
            raise self._cannot_read(error) from error

    def _cannot_read(self, error: sqlite3.Error) -> StoreError:
        self._unread = f"the store cannot be read: {error}"
        return StoreError(self._unread)


def not_written(reason: object) -> str:
    """Return in words that the store cannot be written."""
    return f"the store cannot be written: {reason}"


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield parts that one statement can have as its host parameters."""
    for start in range(0, len(values), HOST_PARAMETERS):
        yield values[start : start + HOST_PARAMETERS]


def marks(values: Sequence[Any]) -> str:
    """Return a placeholder for each value, for `IN (...)`."""
    return ",".join("?" * len(values))


def _open(path: str) -> sqlite3.Connection:
    _create(path)
    try:
        connection = sqlite3.connect(path, timeout=1.0)
        try:
            _prepare(connection, path)
        except (sqlite3.Error, StoreError):
            connection.close()
            raise
    except sqlite3.Error as error:
        reason = "another process has it open" if "locked" in str(error) else str(error)
        raise StoreFileError(f"--db: {path!r}: {reason}: expected a writable file, or {MEMORY}") from error
    return connection


def _is_missing(path: str) -> bool:
    return path != MEMORY and not Path(path).exists()


def _create(path: str) -> None:
    """Create the file for its owner only; SQLite's own would be readable by all, and at the end of a dangling link."""
    if not _is_missing(path):
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWN_FILE))
    except FileExistsError as error:
        problem = "a symbolic link to a file that does not exist"
        raise StoreFileError(f"--db: {path!r}: {problem}: expected a writable file, or {MEMORY}") from error
    except OSError:
        return  # SQLite says why


def has_text(lines: str, start: str, anywhere: bool, text: str) -> bool:
    """Return whether a line of JSON with this start is or ends in a string that contains, or ends with, a text."""
    for line in lines.split("\n"):
        if line.startswith(start):
            value = json.loads(line)
            found = value[1] if isinstance(value, list) else value
            if text in found if anywhere else found.endswith(text):
                return True
    return False


def has_number(lines: str, start: str, comparison: str, text: str) -> bool:
    """Return whether a line of JSON that is a start, a number and `]` compares in this way to a number, as JSON.

    The start has the newline before it.
    """
    values = (after.partition("\n")[0][:-1] for after in lines.split(start)[1:])
    numbers = [orjson.loads(value) for value in values if value[0] in "-0123456789"]
    return any_compares(numbers, comparison, _number(text))


_number = lru_cache(json.loads)  # one for each filter; of any size


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    connection.create_function("HAS_TEXT", 4, has_text, deterministic=True)
    connection.create_function("HAS_NUMBER", 4, has_number, deterministic=True)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file; others keep theirs
    connection.execute("PRAGMA secure_delete = FAST")  # some builds write zeros over all that is deleted: as much again
    if path != MEMORY:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    known = _tables(connection)
    if known and version not in range(1, SCHEMA_VERSION + 1):
        cure = "a newer xray-local, or another file" if version > SCHEMA_VERSION else "another file"
        raise StoreFileError(f"--db: {path!r}: schema version {version}: expected 1 to {SCHEMA_VERSION}: use {cure}")
    problem = (_upgraded(connection, version) or _difference(connection)) if known else ""
    if problem:
        found = f"schema version {version} of an unreleased xray-local ({problem})"
        raise StoreFileError(
            f"--db: {path!r}: {found}: expected version 1 to {SCHEMA_VERSION} of a release: use another file"
        )
    connection.executescript(_script("schema"))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")  # also shows that the file can be written


def _script(name: str) -> str:
    return (files("xray_local.state.store") / "schema" / f"{name}.sql").read_text()


def _upgraded(connection: sqlite3.Connection, version: int) -> str:
    """Bring the tables from a version to the present one; return why that is not possible, or nothing."""
    try:
        for former in range(max(version, 2), SCHEMA_VERSION):  # versions 1 and 2 have the same tables
            connection.executescript(_script(f"upgrade_to_{former + 1}"))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # the statements do not fit the tables
            raise
        connection.rollback()
        return str(error)
    return ""


def _difference(connection: sqlite3.Connection) -> str:
    """Return a table that has other columns than in the schema, or nothing."""
    expected = sqlite3.connect(MEMORY)
    expected.executescript(_script("schema"))
    tables = _tables(expected)
    expected.close()
    found = _tables(connection)
    return next((f"columns of {name}" for name, columns in tables.items() if found.get(name, columns) != columns), "")


def _tables(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Return the columns of each table."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    columns = "SELECT name FROM pragma_table_info(?)"
    return {name: frozenset(column for (column,) in connection.execute(columns, (name,))) for (name,) in names}
