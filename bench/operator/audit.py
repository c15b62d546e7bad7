"""The API server's audit log, read as it grows: who has written and listed what, and when."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.processes import BenchError

POLL_SECONDS = 0.1


@dataclass(slots=True)
class Audit:
    """What one user has done with rules since this was made."""

    file: Path
    user: str
    listed: float | None = None
    writes: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, float] = field(default_factory=dict)
    last: float = 0.0
    _at: int = 0

    def __post_init__(self) -> None:
        self._at = self.file.stat().st_size

    @property
    def written(self) -> int:
        """The number of writes."""
        return sum(self.writes.values())

    def read(self) -> None:
        """Take in what was logged since."""
        for entry in self._entries():
            at = datetime.fromisoformat(entry["stageTimestamp"]).timestamp()
            asked = entry["objectRef"]
            if entry["verb"] == "list" and self.listed is None and asked["resource"] == "xraysamplingrules":
                self.listed = datetime.fromisoformat(entry["requestReceivedTimestamp"]).timestamp()
            elif entry["verb"] not in {"list", "watch", "get"}:
                self.writes[entry["verb"]] = self.writes.get(entry["verb"], 0) + 1
                self.last = at
                if asked.get("subresource") == "status" and entry["responseStatus"]["code"] < 300:
                    self.statuses.setdefault(asked["name"], at)

    def _entries(self) -> Iterator[dict[str, Any]]:
        with self.file.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._at += len(line)
                if self.user.encode() in line and b'"objectRef"' in line:
                    yield json.loads(line)

    def wait_listed(self, seconds: float = 30.0) -> float:
        """Wait for the first list; its time."""
        until = time.monotonic() + seconds
        while self.listed is None:
            if time.monotonic() > until:
                raise BenchError(f"{self.user} did not list the rules in {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
            self.read()
        return self.listed

    def wait_statuses(self, count: int, seconds: float = 120.0) -> float:
        """Wait until so many objects have got a status; the time of the last one's first."""
        until = time.monotonic() + seconds
        while len(self.statuses) < count:
            if time.monotonic() > until:
                raise BenchError(f"{self.user} has given {len(self.statuses)} of {count} a status in {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
            self.read()
        return max(self.statuses.values())

    def wait_quiet(self, seconds: float) -> None:
        """Wait until nothing has been written for this time."""
        quiet_since = time.monotonic()
        while time.monotonic() < quiet_since + seconds:
            written = self.written
            time.sleep(POLL_SECONDS)
            self.read()
            if self.written != written:
                quiet_since = time.monotonic()
