from pathlib import Path

import pytest

from xray_local.state.memory_limit import max_document_bytes


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("memory.max", "536870912\n", 187_904_819),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "536870912\n", 187_904_819),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
        ("other", "", None),
    ],
)
def test_the_share_of_the_containers_limit(tmp_path: Path, name: str, text: str, expected: int | None) -> None:
    """By cgroups of version 2 or 1; none without a limit."""
    (tmp_path / "memory").mkdir()
    (tmp_path / name).write_text(text)
    assert max_document_bytes(tmp_path) == expected
