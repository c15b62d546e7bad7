"""Starts the sinks as a process, and reads and controls them."""

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.processes import ROOT, running
from bench.sinks.listener import Mode
from tools.local_cluster import free_port


@dataclass(frozen=True, slots=True)
class Sinks:
    """Running sinks: the agent's address, the URL of OTLP and of the peers' intakes, and the URL of the control."""

    agent: str
    intake: str
    control: str

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the counts of `otlp`, `segments` and `peer`, and of the datagrams that the kernel dropped."""
        counts: dict[str, dict[str, int]] = self._call("counts")
        return counts

    def traces(self) -> dict[str, dict[str, int]]:
        """Return by trace the number of spans (`otlp`) and of segments without their subsegments (`segments`)."""
        traces: dict[str, dict[str, int]] = self._call("traces")
        return traces

    def clear(self) -> None:
        """Forget what was received."""
        self._call("clear", b"")

    def set_agent(self, mode: Mode) -> None:
        """Change how the agent treats its clients, by UDP and TCP."""
        self._call(f"agent/{mode}", b"")

    def set_intake(self, mode: Mode) -> None:
        """Change how the OTLP receiver treats its clients."""
        self._call(f"intake/{mode}", b"")

    def _call(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(f"{self.control}/{path}", body, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running_sinks(rate: float, pinned: set[int]) -> Iterator[Sinks]:
    """Run sinks on free ports until the block ends; the agent's one rule samples `rate` of the requests."""
    agent, intake, control = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{control}"
    command = [sys.executable, "-m", "bench.sinks", str(agent), str(intake), str(control), str(rate)]
    with running(command, f"{url}/counts", cwd=ROOT, pinned=pinned):
        yield Sinks(f"127.0.0.1:{agent}", f"http://127.0.0.1:{intake}", url)
