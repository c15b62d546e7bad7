"""The demo's processes: xray-local, the backend, and the operator's command line.

When `Stack.close` returns, all of them have exited.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from demo import console, interrupts
from demo.ports import HOST

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
START_SECONDS = 30.0
STOP_SECONDS = 15.0


class DemoError(Exception):
    """The demo cannot continue; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The ports of the demo's parts on the loopback address."""

    backend: int
    api: int
    agent: int
    otlp: int

    @property
    def page(self) -> str:
        """The address of xray-local's API and page."""
        return f"http://{HOST}:{self.api}"

    @property
    def service(self) -> str:
        """The address of the backend."""
        return f"http://{HOST}:{self.backend}"


@dataclass(slots=True)
class Stack:
    """The running processes of one demo, with their logs in `folder`."""

    addresses: Addresses
    folder: Path
    _processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _logs: list[IO[str]] = field(default_factory=list)

    @property
    def access_log(self) -> Path:
        """The file of the backend's output, with one JSON line per request."""
        return self.folder / "backend.log"

    def start_xray_local(self) -> None:
        """Start xray-local and wait until it is healthy."""
        ports = self.addresses
        listen = ["--api-port", ports.api, "--agent-port", ports.agent, "--otlp-port", ports.otlp]
        self._start("xray-local", [BIN / "xray-local", "serve", *listen], {})
        self._wait(f"{ports.page}/_local/health", "xray-local")

    def launch_backend(self, workers: int) -> None:
        """Start the backend under gunicorn with its usual command."""
        ports = self.addresses
        environment = {
            "AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:{ports.agent}",
            "CRUDDUR_FAIL_ROUTE": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{ports.otlp}",
            "PORT": str(ports.backend),
            "WEB_CONCURRENCY": str(workers),
        }
        command = [BIN / "opentelemetry-instrument", "gunicorn", "-c", "gunicorn.conf.py", "cruddur.wsgi:app"]
        self._start("backend", command, environment, ROOT / "backend")

    def wait_for_backend(self) -> None:
        """Wait until the backend is ready."""
        self._wait(f"{self.addresses.service}/readyz", "backend")

    def run(self, *command: str) -> None:
        """Run one of the project's commands against xray-local; what it writes is part of the demo's output."""
        console.command(" ".join(command))
        environment = self._environment({})
        run = subprocess.run([BIN / command[0], *command[1:]], check=False, env=environment, cwd=ROOT)
        if run.returncode != 0:
            raise DemoError(f"{command[0]} exited with {run.returncode}")

    def get_json(self, path: str) -> Any:
        """Return the JSON of one of xray-local's own paths."""
        with urllib.request.urlopen(self.addresses.page + path, timeout=10) as answer:
            return json.load(answer)

    def stop(self, name: str) -> None:
        """Stop a process with SIGTERM and wait for it; kill it if it does not exit in time."""
        process = self._processes.pop(name)
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """Stop all processes, newest first."""
        for name in reversed(list(self._processes)):
            self.stop(name)
        for log in self._logs:
            log.close()

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        # The caller's AWS and OpenTelemetry configuration must not redirect the demo.
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "OTEL_", "XRAY_"))}
        fixed = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_ENDPOINT_URL_XRAY": self.addresses.page,
            "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "local",
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
        }
        return kept | fixed | dict(more)

    def _start(self, name: str, command: list[Any], environment: Mapping[str, str], cwd: Path = ROOT) -> None:
        log = (self.folder / f"{name}.log").open("w")
        self._logs.append(log)
        # In a new session: only the demo receives Ctrl-C, and stops its processes in order.
        with interrupts.deferred():
            self._processes[name] = subprocess.Popen(
                [str(word) for word in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                env=self._environment(environment),
                cwd=cwd,
                start_new_session=True,
            )

    def _wait(self, url: str, name: str) -> None:
        process, end = self._processes[name], time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        last = (self.folder / f"{name}.log").read_text().strip().splitlines()[-5:]
        raise DemoError(f"{name} did not respond on {url}; its last lines:\n  " + "\n  ".join(last))
