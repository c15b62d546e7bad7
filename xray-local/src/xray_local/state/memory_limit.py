"""How much of the memory that this process may use the stored traces get."""

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
_FILES = ("memory.max", "memory/memory.limit_in_bytes")  # of version 2 and of version 1
_UNLIMITED = 2**60
_SHARE = 0.35
"""For documents: indexes, summaries and columns need as much again, a burst's log and the process the rest."""


def max_document_bytes(cgroup: Path = CGROUP) -> int | None:
    """Return how many bytes of documents fit in the container's memory limit; None if there is no limit."""
    for name in _FILES:
        try:
            limit = int((cgroup / name).read_text())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if limit < _UNLIMITED:
            return int(limit * _SHARE)
    return None
