"""How the app is run: gunicorn's command and environment for a recorder."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.processes import BIN, ROOT, Server, running
from bench.sinks.client import Sinks
from tools.local_cluster import free_port

INSTRUMENT = ("opentelemetry-instrument",)
PATH = "/activities"


STOCK_OTEL = {
    "OTEL_PYTHON_DISTRO": "distro",
    "CRUDDUR_TRACING_ENABLED": "false",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_PYTHON_ID_GENERATOR": "xray",
    "OTEL_PROPAGATORS": "tracecontext,baggage,xray",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorder of `bench.app.recorders`, the command that starts gunicorn with it, and its environment."""

    recorder: str
    launcher: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """The running app."""

    server: Server
    port: int


@contextmanager
def serving(
    recording: Recording,
    sinks: Sinks,
    options: Sequence[str],
    *,
    children: int = 0,
    environment: Mapping[str, str] | None = None,
    pinned: set[int] | None = None,
    ready: str = PATH,
) -> Iterator[Served]:
    """Run the app under gunicorn with these options until the block ends; it has answered `ready` with 200."""
    port = free_port()
    launcher = [str(BIN / command) for command in recording.launcher]
    command = [*launcher, str(BIN / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    settings = {**_environment(recording, sinks, children), **(environment or {})}
    url = f"http://127.0.0.1:{port}{ready}"
    with running([*command, *options, "bench.app.wsgi:app"], url, environment=settings, cwd=ROOT, pinned=pinned) as app:
        yield Served(app, port)


def _environment(recording: Recording, sinks: Sinks, children: int) -> dict[str, str]:
    return {
        "AWS_XRAY_DAEMON_ADDRESS": sinks.agent,
        "BENCH_CHILDREN": str(children),
        "BENCH_RECORDER": recording.recorder,
        "DD_TRACE_AGENT_URL": sinks.intake,
        "ELASTIC_APM_SERVER_URL": sinks.intake,
        "OTEL_EXPORTER_OTLP_ENDPOINT": sinks.intake,
        "OTEL_SERVICE_NAME": "backend-flask",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "SENTRY_DSN": sinks.intake.replace("://", "://public@") + "/1",
        **recording.environment,
    }
