"""What a process that was killed leaves to the next one, which opens the same file."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from tests.xray_local.state.conftest import Opener
from xray_local.errors import StoreFileError

ROOT = Path(__file__).parents[3]

_START = """
import os, signal, sys
from tests.xray_local.samples import NOW, document
from xray_local.state.store import Store

store = Store(sys.argv[1])
"""
_KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def _run_until_killed(script: str, path: str) -> None:
    killed = subprocess.run([sys.executable, "-c", f"{_START}{script}{_KILL}", path], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL


_NEVER_READ = """
for number in range(1, 31):
    store.put([document(number), document(number, 2)], now=NOW)
"""


def test_documents_that_were_never_read_survive_the_process(opened: Opener, tmp_path: Path) -> None:
    """Each call is written before it is answered; the next process indexes it."""
    path = str(tmp_path / "xray.db")
    _run_until_killed(_NEVER_READ, path)
    store = opened(path)
    assert (store.waiting_rows, store.counts()) == (30, {"traces": 30, "segments": 60, "spans": 0})


def test_a_deleted_database_takes_its_log_with_it(opened: Opener, tmp_path: Path) -> None:
    """Deleting the file also deletes what a killed process left beside it."""
    path = tmp_path / "xray.db"
    _run_until_killed(_NEVER_READ, str(path))
    path.unlink()
    assert opened(str(path)).counts()["traces"] == 0
    assert not list(tmp_path.glob("xray.db-log-*"))


def test_a_log_that_cannot_be_opened_is_one_line(opened: Opener, tmp_path: Path) -> None:
    """Nothing is deleted: it may have the newest documents."""
    path = str(tmp_path / "xray.db")
    _run_until_killed(_NEVER_READ, path)
    log = tmp_path / "xray.db-log-1"
    log.rename(tmp_path / "elsewhere")
    log.symlink_to(tmp_path / "elsewhere")
    expected = f"^--db: '{path}': {log}: Too many levels of symbolic links: expected a writable file$"
    with pytest.raises(StoreFileError, match=expected):
        opened(path)


_INDEXED = f"""
for number in range(1, 31):
    store.put([document(number)], now=NOW)
store._log.delete = lambda calls, indexed: {_KILL}
store.index_some()
"""


def test_what_is_indexed_is_not_indexed_again_after_a_kill(opened: Opener, tmp_path: Path) -> None:
    """Right after the transaction, when the log still has it."""
    path = str(tmp_path / "xray.db")
    _run_until_killed(_INDEXED, path)
    store = opened(path)
    assert (store.waiting_rows, store.counts()["traces"]) == (0, 30)
    assert {store.revision(trace_id(number)) for number in range(1, 31)} == {store.revision(trace_id(1))}


_HALF_READ = """
much = {"metadata": {"filling": "x" * 60_000}}
for first, is_read in ((1, True), (5, False)):
    assert store.put([document(1, number, **much) for number in range(first, first + 4)], now=NOW) == []
    if is_read:
        store.index()
assert store.waiting_rows == 1
"""


def test_after_a_kill_the_limit_of_a_trace_counts_what_the_log_still_has(opened: Opener, tmp_path: Path) -> None:
    """Otherwise the next document would be acknowledged and then have no room."""
    path = str(tmp_path / "xray.db")
    _run_until_killed(_HALF_READ, path)
    store = opened(path)
    parts = [document(1, number, metadata={"filling": "x" * 60_000}) for number in (9, 10)]
    assert [item.id for item in store.put(parts, now=NOW)] == [parts[0].id, parts[1].id]
    assert (store.counts()["segments"], store.not_indexed) == (8, 0)
