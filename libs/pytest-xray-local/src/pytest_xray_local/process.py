"""Runs xray-local as a process of its own on free ports."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from pytest_xray_local.server import XRayLocal

STOP_SECONDS = 30.0
PORTS = ("--api-port=0", "--agent-port=0", "--otlp-port=0")


@contextmanager
def running() -> Iterator[XRayLocal]:
    """Run xray-local in memory until the block ends."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("XRAY_LOCAL_")}
    command = [sys.executable, "-m", "xray_local", "serve", *PORTS]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603 (no input)
            command, stdout=subprocess.PIPE, stderr=errors, env=environ, text=True
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline()
        try:
            if not ready.startswith("ready "):
                process.wait(timeout=STOP_SECONDS)
                errors.seek(0)
                raise RuntimeError(f"xray-local did not start: {ready}{errors.read()}")
            yield _addresses(ready)
        finally:
            process.terminate()
            process.wait(timeout=STOP_SECONDS)


def _addresses(ready: str) -> XRayLocal:
    """Return the addresses that the ready line names; a later xray-local may name more."""
    pairs = dict(pair.split("=", 1) for pair in ready.split()[1:])
    return XRayLocal(**{field.name: pairs[field.name] for field in fields(XRayLocal) if field.name in pairs})
