"""The versions of the schema: which are upgraded, and which are refused."""

import sqlite3
import zlib
from pathlib import Path

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from tests.xray_local.state.conftest import Opener, ids
from xray_local.api.filters import TraceFilter
from xray_local.errors import StoreError
from xray_local.state.store import Selection
from xray_model.filter_expression import parse


@pytest.mark.parametrize(("version", "cure"), [(0, "another file"), (8, "a newer xray-local, or another file")])
def test_tables_of_another_version_are_refused(opened: Opener, tmp_path: Path, version: int, cure: str) -> None:
    """Those of another program have version 0."""
    path = str(tmp_path / "other.db")
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE traces (trace_id TEXT)")
        other.execute(f"PRAGMA user_version = {version}")
    other.close()
    with pytest.raises(StoreError) as refused:
        opened(path)
    assert str(refused.value) == f"--db: {path!r}: schema version {version}: expected 1 to 7: use {cure}"


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (7, "columns of traces"),
        (6, "no such column: shape"),
        (5, "no such column: segments"),
        (4, "no such table: traces"),
        (2, "no such table: documents"),
    ],
)
def test_tables_of_an_unreleased_version_are_refused(
    opened: Opener, tmp_path: Path, version: int, problem: str
) -> None:
    """They have the number of a release and other columns; the file is left as it is."""
    path = str(tmp_path / "unreleased.db")
    with sqlite3.connect(path) as other:
        other.execute(f"CREATE TABLE {'traces' if version >= 5 else 'other'} (trace_id TEXT)")
        other.execute(f"PRAGMA user_version = {version}")
    other.close()
    with pytest.raises(StoreError) as refused:
        opened(path)
    found = f"schema version {version} of an unreleased xray-local ({problem})"
    assert str(refused.value) == f"--db: {path!r}: {found}: expected version 1 to 7 of a release: use another file"


FORMER_SCHEMA = """
CREATE TABLE traces (seq INTEGER PRIMARY KEY, trace_id TEXT NOT NULL UNIQUE, first REAL NOT NULL, last REAL NOT NULL,
  updated REAL NOT NULL, bytes INTEGER NOT NULL, limited INTEGER NOT NULL DEFAULT 0, summary TEXT);
CREATE INDEX traces_by_start ON traces (first);
CREATE TABLE documents (seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, ended INTEGER NOT NULL,
  size INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (seq, id));
CREATE TABLE resources (kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name));
"""


@pytest.mark.parametrize("version", [1, 2])
def test_a_former_version_of_the_schema_is_upgraded(opened: Opener, tmp_path: Path, version: int) -> None:
    """Its documents stay in their order; its summaries are computed again."""
    path = str(tmp_path / "xray.db")
    first, second = document(1, 2), document(1, 1, metadata={"otel": {}})
    with sqlite3.connect(path) as former:
        former.executescript(FORMER_SCHEMA)
        former.execute("INSERT INTO traces VALUES (1, ?, ?, ?, ?, 9, 0, '{}')", (trace_id(1), NOW, NOW + 1, NOW))
        for sent, kind in ((first, "segment"), (second, "span")):
            row = (sent.id, kind, sent.size, sent.text)
            former.execute("INSERT INTO documents VALUES (1, ?, ?, 1, ?, ?)", row)
        former.execute(f"PRAGMA user_version = {version}")
    former.close()
    store = opened(path)
    assert (ids(store), store.parsed(trace_id(1))) == ([trace_id(1)], [first, second])
    assert store.counts() == {"traces": 1, "segments": 1, "spans": 1}
    store.put([document(1, 1)], now=NOW)
    store.close()
    assert opened(path).counts() == {"traces": 1, "segments": 2, "spans": 1}


def test_summaries_of_a_former_version_are_not_read(opened: Opener, tmp_path: Path) -> None:
    """Neither those of traces nor the examples that filters are decided on."""
    path = str(tmp_path / "xray.db")
    store = opened(path)
    store.put([document(1)], now=NOW)
    assert ids(store) == [trace_id(1)]
    store.close()
    with sqlite3.connect(path) as former:
        for column in ("bucket", "route", "revision"):
            former.execute(f"ALTER TABLE traces DROP COLUMN {column}")
        former.execute("UPDATE shapes SET example = ?", (zlib.compress(b"{}"),))
        former.execute("PRAGMA user_version = 4")
    former.close()
    chosen = Selection(0.0, NOW * 2, "start", TraceFilter(parse('service("backend")')))
    assert [row.summary.id for row in opened(path).find(chosen).rows] == [trace_id(1)]
