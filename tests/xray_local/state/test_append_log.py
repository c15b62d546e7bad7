"""The files of the log: what is left of them after a kill, and when they cannot be written."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from xray_local.state.store import append_log
from xray_local.state.store.append_log import FileLog, Record


@pytest.fixture
def path(tmp_path: Path) -> str:
    """The database that the log is beside."""
    return str(tmp_path / "xray.db")


def _filled(path: str, *bodies: bytes) -> FileLog:
    log = FileLog(path, 0)
    for number, body in enumerate(bodies):
        log.append(float(number), body)
    return log


def test_records_survive_their_process_in_order(path: str) -> None:
    """Nothing has to be closed; numbers rise on."""
    _filled(path, b"one", b"", b"three")
    log = FileLog(path, 0)
    log.append(9.0, b"four")
    assert list(log) == [Record(1, 0.0, b"one"), Record(2, 1.0, b""), Record(3, 2.0, b"three"), Record(4, 9.0, b"four")]


def test_records_that_were_read_before_the_end_are_skipped(path: str) -> None:
    """Their number is known, also when all of them were."""
    _filled(path, b"one", b"two", b"three")
    assert [record.body for record in FileLog(path, 2)] == [b"three"]
    log = FileLog(path, 3)
    assert list(log) == []
    log.append(4.0, b"four")
    assert list(log) == [Record(4, 4.0, b"four")]


@pytest.mark.parametrize("kept", range(len(b"second") + 24))
def test_a_record_that_is_not_whole_is_deleted(path: str, kept: int) -> None:
    """The process was killed while it wrote that; the next one follows the last whole record."""
    _filled(path, b"first", b"second")
    whole = Path(f"{path}-log-1")
    os.truncate(whole, len(b"first") + 24 + kept)
    log = FileLog(path, 0)
    log.append(7.0, b"third")
    assert [record.body for record in FileLog(path, 0)] == [b"first", b"third"]


def test_a_record_that_was_changed_is_not_read(path: str) -> None:
    """As blocks that never reached the disk of a machine that stopped."""
    _filled(path, b"first", b"second")
    with Path(f"{path}-log-1").open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"\0\0\0")
    assert [record.body for record in FileLog(path, 0)] == [b"first"]


def test_files_are_deleted_when_all_their_records_are(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a log that is never empty does not fill the disk; the last file is used again."""
    monkeypatch.setattr(append_log, "FILE_BYTES", 100)
    log = _filled(path, *[b"x" * 40] * 6)
    assert len(list(tmp_path.iterdir())) == 3
    log.delete(list(log)[:3])
    assert len(list(tmp_path.iterdir())) == 2
    assert [record.number for record in log] == [4, 5, 6]
    log.delete(list(log))
    log.append(0.0, b"next")
    assert [record.number for record in FileLog(path, 6)] == [7]
    [left] = tmp_path.iterdir()
    assert left.stat().st_size == 24 + len(b"next")


def test_files_of_others_are_left_alone(path: str, tmp_path: Path) -> None:
    """A file whose name only begins like one of the log."""
    (tmp_path / "xray.db-log-old").write_text("mine")
    log = _filled(path, b"one")
    log.clear()
    log.close()
    assert [found.name for found in tmp_path.iterdir()] == ["xray.db-log-old"]


@contextmanager
def _limited(size: int) -> Iterator[None]:
    """Limit the size of files, which is like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 10, 24, 30])
def test_a_record_for_which_there_is_no_room_leaves_nothing(path: str, room: int) -> None:
    """Also when a part of it had room; the next one that has room is written."""
    log = _filled(path, b"first")
    written = Path(f"{path}-log-1").stat().st_size
    with _limited(written + room), pytest.raises(OSError, match=r"No space left on device|File too large"):
        log.append(1.0, b"x" * 100)
    assert Path(f"{path}-log-1").stat().st_size == written
    log.append(2.0, b"second")
    assert [record.body for record in FileLog(path, 0)] == [b"first", b"second"]
