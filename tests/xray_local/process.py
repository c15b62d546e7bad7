"""Starts xray-local as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FREE = ("--api-port", "0", "--agent-port", "0", "--otlp-port", "0")


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start a process and read the addresses of its ready line; it is killed when the block ends, if it still runs."""
    command = [sys.executable, "-m", "xray_local", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            word, *pairs = process.stdout.readline().split()
            assert word == "ready"
            yield process, dict(pair.split("=", 1) for pair in pairs)
        finally:
            process.kill()
