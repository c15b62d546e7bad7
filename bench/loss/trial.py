"""One run of the app with its traffic, and the comparison of what was answered with what the sinks received."""

import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.app.served import INSTRUMENT, STOCK_OTEL, Recording, Served, serving
from bench.loss.outcome import Outcome, compare, lost_ages
from bench.loss.traffic import Traffic
from bench.processes import BenchError
from bench.sinks.client import Sinks
from bench.sinks.listener import Mode

RECORDINGS = {"ours": Recording("ours", INSTRUMENT), "stock": Recording("both", INSTRUMENT, STOCK_OTEL)}
WORKERS = {
    "sync": (),
    "sync+preload": ("--preload",),
    "gthread": ("--worker-class", "gthread", "--threads", "4"),
    "gthread+preload": ("--worker-class", "gthread", "--threads", "4", "--preload"),
}
EXIT_SECONDS = 60.0
SETTLE_SECONDS = 0.3  # the sink has read everything when its counts do not change for this time
REPLACED_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trial:
    """The running app; the folder has the counts of the workers that have exited."""

    served: Served
    sinks: Sinks
    folder: Path
    children: int

    def traffic(self, clients: int = 4, rate: float | None = None) -> Traffic:
        """Return traffic to the app."""
        return Traffic(self.served.port, clients, rate)

    def signal(self, number: signal.Signals) -> None:
        """Send gunicorn's master a signal."""
        self.served.server.process.send_signal(number)

    def stop(self) -> float:
        """Send SIGTERM and return the seconds until gunicorn has ended."""
        started = time.monotonic()
        self.signal(signal.SIGTERM)
        try:
            self.served.server.process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchError(f"gunicorn did not exit within {EXIT_SECONDS:.0f} s") from None
        return time.monotonic() - started

    def workers(self) -> set[int]:
        """Return the process ids of gunicorn's workers."""
        return set(self.served.server.children())

    def wait_replaced(self, workers: set[int], *, all_of_them: bool) -> None:
        """Wait until all, or any, of the workers have been replaced."""
        end, count = time.monotonic() + REPLACED_SECONDS, len(workers)
        while time.monotonic() < end:
            now = self.workers()
            left = now & workers
            if len(now) == count and (not left if all_of_them else left != workers):
                return
            time.sleep(0.02)
        raise BenchError(f"gunicorn did not replace its workers within {REPLACED_SECONDS:.0f} s")

    def outcome(
        self, traffic: Sequence[Traffic], *, exits: Sequence[float] = (), kills: Sequence[float] = ()
    ) -> Outcome:
        """Compare the traffic with what has arrived, after gunicorn has ended."""
        counts, received = self._settled(), self.sinks.traces()
        answered = {trace: when for part in traffic for trace, when in part.answered.items()}
        spans = compare(answered, received["otlp"], 1 + self.children, counts["otlp"]["doubled"])
        segments = compare(answered, received["segments"], 1, counts["segments"]["doubled"])
        lost = spans.lost_traces | segments.lost_traces
        dropped = counts["socket"]["dropped"]
        return Outcome(
            answered=len(answered),
            failed=sum(part.failed for part in traffic),
            spans=spans,
            segments=segments,
            counted=self._counted(),
            exits=list(exits),
            ages=lost_ages(answered, lost, kills),
            notes=[f"the kernel dropped {dropped:,} of the sink's datagrams"] if dropped else [],
        )

    def _settled(self) -> dict[str, dict[str, int]]:
        counts, before = self.sinks.counts(), None
        while counts != before:
            time.sleep(SETTLE_SECONDS)
            before, counts = counts, self.sinks.counts()
        return counts

    def _counted(self) -> int | None:
        """Return the sum of the library's counts whose names end in `.lost`, of all workers that have exited."""
        found: list[dict[str, int] | None] = [json.loads(file.read_text()) for file in self.folder.iterdir()]
        counts = [count for count in found if count is not None]
        if not counts:
            return None
        return sum(number for count in counts for name, number in count.items() if name.endswith(".lost"))

    def exited(self) -> int:
        """Return the number of workers that have exited by themselves."""
        return len(list(self.folder.iterdir()))


@contextmanager
def trial(
    sinks: Sinks, recorder: str, worker: str, *options: str, children: int = 0, workers: int = 2
) -> Iterator[Trial]:
    """Run the app with two workers; the sinks are cleared and answer."""
    sinks.set_agent(Mode.OK)
    sinks.set_intake(Mode.OK)
    gunicorn = ["-c", "python:bench.loss.gunicorn_hooks", "--workers", str(workers), *WORKERS[worker], *options]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"BENCH_COUNTS": folder}
        recording = RECORDINGS[recorder]
        with serving(
            recording, sinks, gunicorn, children=children, environment=environment, ready="/healthz"
        ) as served:
            sinks.clear()
            yield Trial(served, sinks, Path(folder), children)
