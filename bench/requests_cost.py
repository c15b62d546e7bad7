"""The cost of tracing per request: no tracing, each stock recorder, both, and ours, alternately.

One sync gunicorn worker on one core, clients and sinks on the others. Each round runs every variant once; the
figures are medians of the round-by-round ratios to the round without tracing.
"""

import os
import statistics
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, table
from bench.processes import Server, cores, running
from tools.local_cluster import free_port

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
STOCK_OTEL = {
    "OTEL_PYTHON_DISTRO": "distro",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_PYTHON_ID_GENERATOR": "xray",
    "OTEL_PROPAGATORS": "tracecontext,baggage,xray",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to run the app: its recorders, with or without opentelemetry-instrument."""

    name: str
    recorders: str
    instrumented: bool
    rate: float = 1.0
    environment: Mapping[str, str] = field(default_factory=dict)


VARIANTS = (
    Variant("no tracing", "none", instrumented=False),
    Variant("OpenTelemetry, stock", "none", instrumented=True, environment=STOCK_OTEL),
    Variant("X-Ray SDK, stock", "xray", instrumented=False),
    Variant("both, stock", "xray", instrumented=True, environment=STOCK_OTEL),
    Variant("both, cruddur_tracing", "ours", instrumented=True),
    Variant(
        "both, stock, not sampled",
        "xray",
        instrumented=True,
        rate=0.0,
        environment=STOCK_OTEL | {"OTEL_TRACES_SAMPLER": "always_off"},
    ),
    Variant("both, cruddur_tracing, not sampled", "ours", instrumented=True, rate=0.0),
)


@dataclass(slots=True)
class Figures:
    """A variant's figures for each round: CPU seconds per request, p50 and p99 in seconds."""

    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def _command(variant: Variant, port: int) -> list[str]:
    command = [str(BIN / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "1", "--no-control-socket"]
    if variant.recorders == "ours":
        command += ["-c", "python:bench.gunicorn_ours"]
    command.append("bench.app:app")
    return [str(BIN / "opentelemetry-instrument"), *command] if variant.instrumented else command


def _environment(variant: Variant, agent: int, otlp: int) -> dict[str, str]:
    return {
        "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{agent}",
        "BENCH_RECORDERS": variant.recorders,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{otlp}",
        "OTEL_SERVICE_NAME": "backend-flask",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        **variant.environment,
    }


def _measure(server: Server, port: int, seconds: float, clients: int, figures: Figures) -> None:
    before = server.cpu_seconds()
    done = load.send(port, seconds, clients)
    figures.cpu.append((server.cpu_seconds() - before) / len(done.latencies))
    figures.p50.append(done.quantile(0.5))
    figures.p99.append(done.quantile(0.99))


def run(rounds: int, seconds: float, clients: int, say: Callable[[str], None]) -> dict[str, Figures]:
    """Measure every variant alternately, print the table, and return the figures."""
    figures = {variant.name: Figures() for variant in VARIANTS}
    others = cores()[1]
    with ExitStack() as started:
        started.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        os.sched_setaffinity(0, others)
        servers: dict[str, tuple[Server, int]] = {}
        for variant in VARIANTS:
            port, agent, otlp = free_port(), free_port(), free_port()
            sink = [sys.executable, "-m", "bench.sink", str(agent), str(otlp), str(variant.rate)]
            started.enter_context(running(sink, f"http://127.0.0.1:{otlp}/", cwd=ROOT, pinned=others))
            environment = _environment(variant, agent, otlp)
            app = running(_command(variant, port), f"http://127.0.0.1:{port}/", environment=environment, cwd=ROOT)
            servers[variant.name] = started.enter_context(app), port
            load.send(port, 1.0, clients)
        for number in range(1, rounds + 1):
            for variant in VARIANTS:
                say(f"requests: round {number} of {rounds}: {variant.name}")
                server, port = servers[variant.name]
                _measure(server, port, seconds, clients, figures[variant.name])
    _print(figures)
    return figures


def _print(figures: Mapping[str, Figures]) -> None:
    base = figures[VARIANTS[0].name]
    rows = [
        [
            name,
            f"{statistics.median(kept.cpu) * 1e6:.0f} us",
            f"x {table.ratio(kept.cpu, base.cpu):.2f}",
            f"x {table.ratio(kept.p50, base.p50):.2f}",
            f"x {table.ratio(kept.p99, base.p99):.2f}",
        ]
        for name, kept in figures.items()
    ]
    print(table.markdown(["variant", "CPU per request", "CPU", "p50", "p99"], rows))
