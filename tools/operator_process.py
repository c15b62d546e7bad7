"""The operator as a process: started, killed and restarted as a kubelet would, with its log in a file.

The cluster's and AWS's addresses are arguments; nothing is read from the environment.
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
from pathlib import Path
from types import TracebackType
from typing import Any

START_SECONDS = 30.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02


class OperatorProcess:
    """One operator; `options` are `xray-operator run`'s, as `{"interval": 1}`. Leaving the context kills it."""

    def __init__(self, folder: Path, *, api: str, kubeconfig: Path, **options: float | str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "operator.log"
        self.starts = 0
        self._environment = {**_without_aws(os.environ), **_aws(api), "KUBECONFIG": str(kubeconfig)}
        self._options = {"listen": "127.0.0.1:0", **options}
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0

    def __enter__(self) -> "OperatorProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def is_running(self) -> bool:
        """Return whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that was logged since the last start."""
        with self.log_file.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    @property
    def port(self) -> int | None:
        """The port of the probes, once it is logged."""
        for line in self.log.splitlines():
            if '"operator.started"' in line:
                return int(json.loads(line)["port"])
        return None

    def start(self) -> None:
        """Start it without waiting for anything."""
        assert not self.is_running, "it runs already"
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in self._options.items()]
        with self.log_file.open("ab") as log:
            self._begin = log.tell()
            command = [sys.executable, "-m", "xray_operator", "run", *arguments]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.starts += 1

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until /readyz says so; AssertionError with the log's end if it does not, or if the process ends."""
        until = time.monotonic() + seconds
        while not self.is_ready():
            assert self.is_running, f"the operator has ended:\n{self.log[-3000:]}"
            assert time.monotonic() < until, f"the operator was not ready in {seconds} s:\n{self.log[-3000:]}"
            time.sleep(_POLL_SECONDS)

    def is_ready(self) -> bool:
        """Ask /readyz."""
        port = self.port if self.is_running else None
        if port is None:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.HTTPError, OSError):
            return False

    def probe(self, path: str) -> str:
        """Return the text of a probe."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    @property
    def leads(self) -> bool:
        """Whether it is the leader, by its metric."""
        try:
            return self.port is not None and "xray_operator_leader 1.0" in self.probe("/metrics")
        except OSError:
            return False

    def pause(self) -> None:
        """Stop it as a frozen machine does, until it is resumed."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it with SIGKILL, if it runs, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """End it with SIGTERM and return its exit code."""
        return self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def revive(self) -> bool:
        """Restart it as a kubelet would if it has ended; return whether it had."""
        if self._process is None or self.is_running:
            return False
        self.start()
        return True

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            return process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith(("AWS_", "XRAY_OPERATOR_"))}


def _aws(api: str) -> dict[str, Any]:
    return {
        "AWS_ENDPOINT_URL_XRAY": api,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
