"""Runs xray-local as a process of its own on free ports."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_xray_local.server import XRayLocal

STOP_SECONDS = 30.0


@contextmanager
def running(*options: str, agent_port: int = 0) -> Iterator[XRayLocal]:
    """Run xray-local in memory, with more options of `serve`, until the block ends; RuntimeError if it cannot start."""
    ports = ("--api-port=0", f"--agent-port={agent_port}", "--otlp-port=0")
    environ = {name: text for name, text in os.environ.items() if not name.startswith("XRAY_LOCAL_")}
    with tempfile.NamedTemporaryFile("w") as log:
        process = subprocess.Popen(  # noqa: S603 (no input)
            [sys.executable, "-m", "xray_local", "serve", *ports, *options],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environ,
            text=True,
        )
        with process:
            try:
                yield _ready(process, Path(log.name))
            finally:
                process.terminate()
                process.wait(timeout=STOP_SECONDS)


def _ready(process: subprocess.Popen[str], log: Path) -> XRayLocal:
    """Wait for the line that names the addresses; a later xray-local may name more."""
    assert process.stdout is not None
    word, *pairs = process.stdout.readline().split() or [""]
    if word != "ready":
        process.wait(timeout=STOP_SECONDS)
        raise RuntimeError(f"xray-local did not start: {log.read_text().strip()}")
    addresses = dict(pair.split("=", 1) for pair in pairs)
    known = {name: addresses[name] for name in ("api", "agent", "otlp", "grpc") if name in addresses}
    return XRayLocal(log=log, **known)
