"""Runs the variants: their sinks, their starts, and the rounds of load.

Their modules have bytecode, as those of installed packages: compiling them takes longer than the start.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from bench import load
from bench.app.served import PATH, Served, serving
from bench.processes import cores, memory
from bench.requests.variants import Variant
from bench.sinks.client import Sinks, running_sinks

COUNTED = ("otlp.roots", "segments.roots", "peer.events")


@dataclass(frozen=True, slots=True)
class Shape:
    """The clients that send at a time, the threads of the worker (1: sync), and the children of each request."""

    clients: int = 4
    threads: int = 1
    children: int = 0

    def options(self) -> list[str]:
        """Return gunicorn's options."""
        threads = ["--worker-class", "gthread", "--threads", str(self.threads)] if self.threads > 1 else []
        return ["--workers", "1", *threads]


@dataclass(slots=True)
class Figures:
    """A variant's figures; CPU and latencies of each round in seconds, boot and memory (MiB) of each start.

    `sent` is the number of requests in the rounds, `received` what the sink counted of them.
    """

    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    boot: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    sent: int = 0
    received: Counter[str] = field(default_factory=Counter)
    dropped: int = 0


class Measurement(AbstractContextManager["Measurement"]):
    """The running variants and their figures so far."""

    def __init__(self, shape: Shape, say: Callable[[str], None]) -> None:
        self._shape = shape
        self._say = say
        self._sinks: dict[str, tuple[Variant, Sinks]] = {}
        self._served: dict[str, Served] = {}
        self.figures: dict[str, Figures] = {}
        self._sinks_stack = ExitStack()
        self._servers_stack = ExitStack()
        folder = self._sinks_stack.enter_context(tempfile.TemporaryDirectory())
        self._bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers_stack.close()
        self._sinks_stack.close()

    def add(self, variant: Variant) -> None:
        """Start the variant's sinks, and the variant once, unmeasured, which writes the bytecode.

        It raises BenchError if the variant does not run.
        """
        self._say(f"requests: starting {variant.name}")
        with ExitStack() as started:
            sinks = started.enter_context(running_sinks(variant.rate, cores()[1]))
            with self._serving(variant, sinks):
                pass
            self._sinks_stack.enter_context(started.pop_all())
        self._sinks[variant.key] = variant, sinks
        self.figures[variant.key] = Figures()

    def _serving(self, variant: Variant, sinks: Sinks) -> AbstractContextManager[Served]:
        options, children = self._shape.options(), self._shape.children
        return serving(variant.recording, sinks, options, children=children, environment=self._bytecode)

    def boot(self, number: int) -> None:
        """Start every variant while no other runs, and stop it; `number` says with which one to begin."""
        for key in _rotated(list(self._sinks), number):
            variant, sinks = self._sinks[key]
            with self._serving(variant, sinks) as served:
                self.figures[key].boot.append(served.server.boot)

    def serve(self, warm_seconds: float) -> None:
        """Start all variants, warm them up, and wait until each has sent what it holds."""
        for key, (variant, sinks) in self._sinks.items():
            self._served[key] = served = self._servers_stack.enter_context(self._serving(variant, sinks))
            load.send(served.port, PATH, warm_seconds, self._shape.clients)
        pause = max(variant.interval for variant, _ in self._sinks.values()) + 0.5
        self._say(f"requests: waiting {pause:g} s for the recorders to send what they hold")
        time.sleep(pause)
        for key, (_variant, sinks) in self._sinks.items():
            self.figures[key].received.subtract(_counts(sinks))

    def rounds(self, rounds: int, seconds: float) -> None:
        """Run every variant once in each round, beginning with another one each time."""
        keys = list(self._served)
        for number in range(1, rounds + 1):
            for key in _rotated(keys, number - 1):
                self._say(f"requests: round {number} of {rounds}: {self._sinks[key][0].name}")
                self._measure(self._served[key], self.figures[key], seconds)
                self._sinks[key][1].counts()  # which decodes what has arrived

    def _measure(self, served: Served, figures: Figures, seconds: float) -> None:
        before = served.server.cpu_seconds()
        done = load.send(served.port, PATH, seconds, self._shape.clients)
        figures.cpu.append((served.server.cpu_seconds() - before) / len(done.latencies))
        figures.p50.append(done.quantile(0.5))
        figures.p99.append(done.quantile(0.99))
        figures.sent += len(done.latencies)

    def stop(self) -> None:
        """Read the workers' memory and stop the servers, which send what they hold."""
        for key, served in self._served.items():
            self.figures[key].memory.append(sum(memory(pid)[0] for pid in served.server.children()))
        self._say("requests: stopping")
        self._servers_stack.close()
        for key, (_variant, sinks) in self._sinks.items():
            self.figures[key].received.update(_counts(sinks))
            self.figures[key].dropped = sinks.counts()["socket"]["dropped"]


def _counts(sinks: Sinks) -> dict[str, int]:
    counts = sinks.counts()
    return {name: counts[name.partition(".")[0]][name.partition(".")[2]] for name in COUNTED}


def _rotated(keys: Sequence[str], by: int) -> list[str]:
    first = by % len(keys)
    return [*keys[first:], *keys[:first]]
