"""The measured servers, each pinned to one core, and their CPU time and memory from Linux's /proc."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# What configures a recorder or a server is the benchmark's choice, not the caller's.
CONFIGURATION = ("AWS_", "CRUDDUR_", "DD_", "ELASTIC_", "GUNICORN_", "OTEL_", "SENTRY_")
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 120.0  # of a machine that is busy with other things
IDLE_SHARE = 0.05  # of a core; a process with nothing to do needs less, one that shares the cores with many others more


class BenchError(Exception):
    """A benchmark could not run; the message has the reason."""


def cores() -> tuple[set[int], set[int]]:
    """Return the core for the measured server, and the cores for all other processes (the same one if there is one)."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, set(available[1:]) or {available[0]}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with its children; it responded `boot` seconds after its start."""

    process: subprocess.Popen[bytes]
    boot: float

    def cpu_seconds(self) -> float:
        """Return the user and system seconds of the server and its children so far."""
        return sum(_cpu_seconds(pid) for pid in _tree(self.process.pid))

    def wait_until_idle(self) -> None:
        """Wait until the server has nothing left to do."""
        before, now = float("-inf"), self.cpu_seconds()
        while now - before > IDLE_SHARE:
            time.sleep(1.0)
            before, now = now, self.cpu_seconds()

    def memory(self) -> tuple[float, float]:
        """Return the server's current and peak resident memory in MiB, without its children."""
        return memory(self.process.pid)

    def children(self) -> list[int]:
        """Return the process ids of the server's children, e.g. gunicorn's workers."""
        return _children(self.process.pid)


def memory(pid: int) -> tuple[float, float]:
    """Return a process's current and peak resident memory in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    resident, peak = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return resident, peak


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in _children(pid):
        yield from _tree(child)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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
    kept = {name: text for name, text in os.environ.items() if not name.startswith(CONFIGURATION)}
    with tempfile.TemporaryFile() as log:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**kept, **(environment or {})},
            cwd=cwd,
        )
        os.sched_setaffinity(process.pid, core)
        try:
            if not _answers(url, process):
                log.seek(0)
                raise BenchError(f"{' '.join(command[:4])} did not respond on {url}:\n{log.read().decode()[-2000:]}")
            yield Server(process, time.monotonic() - started)
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
            time.sleep(0.002)
    return False
