"""The measured servers, each pinned to one core, and their CPU time and memory from Linux's /proc."""

import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30.0


class BenchError(Exception):
    """A benchmark could not run; the message has the reason."""


def cores() -> tuple[set[int], set[int]]:
    """Return the core for the measured server, and the cores for all other processes (the same one if there is one)."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, set(available[1:]) or {available[0]}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with its children."""

    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Return the user and system seconds of the server and its children so far."""
        return sum(_cpu_seconds(pid) for pid in _tree(self.process.pid))

    def memory(self) -> tuple[float, float]:
        """Return the server's current and peak resident memory in MiB, without its children."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        resident, peak = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return resident, peak


def _tree(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text().split():
        yield from _tree(int(child))


def _cpu_seconds(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


@contextmanager
def running(
    command: list[str],
    url: str,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pinned: set[int] | None = None,
) -> Iterator[Server]:
    """Run a server until the block ends; it is ready once `url` responds with any status."""
    core = cores()[0] if pinned is None else pinned
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
        )
        os.sched_setaffinity(process.pid, core)
        try:
            if not _answers(url, process):
                log.seek(0)
                raise BenchError(f"{' '.join(command[:4])} did not respond on {url}:\n{log.read().decode()[-2000:]}")
            yield Server(process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            time.sleep(0.05)
    return False
