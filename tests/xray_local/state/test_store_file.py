"""The file of a store: who may read it, and what happens when it cannot be read or written any more."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.xray_local.samples import NOW, Clock, document, trace_id
from tests.xray_local.state.conftest import EXPECTED, Opener, ids
from xray_local.errors import StoreError
from xray_local.state.region import Region
from xray_local.state.store import Store

FILLING = {"filling": "x" * 50_000}


def test_a_file_keeps_everything(opened: Opener, tmp_path: Path) -> None:
    """Traces, resources and counts survive a restart; new traces follow the old ones."""
    path = str(tmp_path / "xray.db")
    store = opened(path)
    store.put([document(1), document(1, 2)], now=NOW)
    store.put_resource("rule", "one", {"rule": 1})
    store.close()
    store = opened(path, max_traces=1)
    assert store.counts() == {"traces": 1, "segments": 2, "spans": 0}
    assert store.resource("rule", "one") == {"rule": 1}
    store.put([document(2)], now=NOW)
    assert ids(store) == [trace_id(2)]
    store.close()


def test_a_burst_is_indexed_when_it_is_over(opened: Opener, tmp_path: Path) -> None:
    """Until then it is in files beside the database only, which are deleted one by one."""
    store = opened(str(tmp_path / "xray.db"))
    for number in range(1, 701):
        store.put([document(number, metadata=FILLING)], now=NOW)
    assert (tmp_path / "xray.db").stat().st_size < 1_000_000
    assert _logs(tmp_path) == ["xray.db-log-1", "xray.db-log-670"]
    while store.waiting_rows > 10:
        store.work()
    assert _logs(tmp_path) == ["xray.db-log-670"]
    store.index()
    assert (tmp_path / "xray.db-log-670").stat().st_size == 0
    assert store.counts()["traces"] == 700


def _logs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("xray.db-log-*"))


def test_a_closed_store_is_one_file(opened: Opener, tmp_path: Path) -> None:
    """It includes documents that are not indexed yet, so a copy of it is complete."""
    store = opened(str(tmp_path / "xray.db"))
    store.put([document(1)], now=NOW)
    assert store.waiting_rows == 1
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["xray.db"]
    store = opened(str(tmp_path / "xray.db"))
    assert (store.waiting_rows, store.counts()["traces"]) == (1, 1)


def test_what_is_deleted_is_not_overwritten(opened: Opener, tmp_path: Path) -> None:
    """Writing zeros would cost as much as writing the documents did."""
    store = opened(str(tmp_path / "xray.db"))
    assert store._database.row("PRAGMA secure_delete") == (2,)
    store.close()


def test_a_file_belongs_to_one_process(opened: Opener, tmp_path: Path) -> None:
    """Opening it a second time fails at once."""
    path = str(tmp_path / "xray.db")
    store = opened(path)
    with pytest.raises(StoreError, match=f"^--db: '{path}': another process has it open: {EXPECTED}$"):
        opened(path)
    store.close()


def test_a_directory_cannot_be_opened(opened: Opener, tmp_path: Path) -> None:
    """The message has the option, the path and what is expected."""
    with pytest.raises(StoreError, match=f"^--db: '{tmp_path}': unable to open database file: {EXPECTED}$"):
        opened(str(tmp_path))


def test_a_file_that_is_not_a_database_is_not_changed(opened: Opener, tmp_path: Path) -> None:
    """A mistyped path must not destroy a file."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        opened(str(path))
    assert path.read_text() == "Dear Sir or Madam, " * 100


def test_a_batch_that_cannot_be_written_changes_nothing(opened: Opener, tmp_path: Path) -> None:
    """A full disk is a StoreError; counts stay correct, and the next batch is stored."""
    path = str(tmp_path / "xray.db")
    store = opened(path)
    store.put([document(1)], now=NOW)
    store._database.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match=r"^the store cannot be written: database or disk is full$"):
        store.put([document(2, number, metadata={"filling": "x" * 60_000}) for number in range(1, 8)], now=NOW)
    assert store.counts() == {"traces": 1, "segments": 1, "spans": 0}
    store._database.execute("PRAGMA max_page_count = 100000")
    assert store.put([document(2)], now=NOW) == []
    assert store.counts() == {"traces": 2, "segments": 2, "spans": 0}
    store.close()


def test_a_new_file_is_its_owners_only(tmp_path: Path) -> None:
    """Also those that SQLite puts beside it; one that was there keeps its mode."""
    store = Store(str(tmp_path / "xray.db"))
    store.put([document(1)], now=NOW)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "xray.db": 0o600,
        "xray.db-wal": 0o600,
        "xray.db-log-1": 0o600,
    }
    store.close()
    (tmp_path / "xray.db").chmod(0o640)
    Store(str(tmp_path / "xray.db")).close()
    assert (tmp_path / "xray.db").stat().st_mode & 0o777 == 0o640


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    """One to a file that exists is."""
    link, target = tmp_path / "link.db", tmp_path / "target.db"
    link.symlink_to(target)
    with pytest.raises(StoreError, match=f"^--db: '{link}': a symbolic link to a file that does not exist: expected "):
        Store(str(link))
    assert not target.exists()
    Store(str(target)).close()
    Store(str(link)).close()


@pytest.fixture
def damaged(tmp_path: Path) -> str:
    """Return the path of a file of which all pages but the first are damaged."""
    path = tmp_path / "xray.db"
    store = Store(str(path))
    store.put([document(number, metadata=FILLING) for number in range(1, 20)], now=NOW)
    store.index()
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    return str(path)


def test_a_damaged_file_is_one_line_at_the_start(damaged: str) -> None:
    """Exit 2, with the option and the reason."""
    command = [sys.executable, "-m", "xray_local", "serve", "--db", damaged]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"xray-local: --db: '{damaged}': ")
    assert "malformed" in line


def test_health_says_what_cannot_be_read(tmp_path: Path) -> None:
    """Of pages that are damaged while they are in use; a reset begins a new file."""
    region = Region(Store(str(tmp_path / "xray.db")), Clock())
    region.put([document(1)])
    region.store.index()
    region.store._database.execute("ALTER TABLE documents RENAME TO other")  # reads like a damaged page
    with pytest.raises(StoreError, match=r"^the store cannot be read: "):
        region.store.documents(trace_id(1))
    assert str(region.health()["status"]).startswith("the store cannot be read: ")
    region.store.clear()
    assert (region.health()["status"], region.health()["traces"]) == ("ok", 0)
    region.put([document(2)])
    assert [document.trace_id for document in region.store.parsed(trace_id(2))] == [trace_id(2)]
    region.store.close()


FULL = """
import json, resource, sys
from tests.xray_local.samples import NOW, Clock, document
from xray_local.errors import StoreError
from xray_local.state.region import Region
from xray_local.state.store import Store

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
region = Region(Store(sys.argv[1]), Clock())
region.store.put_resource("rule", "kept", {})
stored = 0
try:
    while stored < 100:
        region.put([document(stored + 1, metadata={"filling": "x" * 50_000})])
        stored += 1
except StoreError as error:
    full = str(error)
first = region.health()
region.clear_traces()
cleared = region.health()
region.put([document(1)])
print(json.dumps([stored, full, first, cleared, region.health(), list(region.store.resources("rule"))]))
"""


def test_health_says_that_the_disk_is_full_and_clearing_makes_room(tmp_path: Path) -> None:
    """A limit on the size of files is like a full disk: deletions need room as well. The rules stay."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "xray.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    stored, full, first, cleared, last, rules = json.loads(done.stdout)
    assert 0 < stored < 100
    assert full.startswith("the store cannot be written: ")
    assert first["status"] == full
    assert (cleared["status"], cleared["traces"]) == ("ok", 0)
    assert (last["status"], last["traces"]) == ("ok", 1)
    assert rules == [["kept", {}]]
