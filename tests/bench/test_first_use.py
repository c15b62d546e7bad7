"""The measurement of first use: the size of what was installed."""

from pathlib import Path

import pytest

from bench.first_use import size


def test_a_hard_link_counts_once(tmp_path: Path) -> None:
    """uv links the files of its cache."""
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "a").write_bytes(bytes(2_000_000))
    (folder / "b").hardlink_to(folder / "a")
    (tmp_path / "c").write_bytes(bytes(500_000))
    assert size(tmp_path) == pytest.approx(2.5)
