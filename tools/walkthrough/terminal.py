"""A recorded terminal: commands of kubectl and the AWS CLI, what they print, and waiting for an output."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.local_cluster import Cluster
from tools.provide import ROOT, tool_path

TIMEOUT_SECONDS = 20
AWS = ROOT / ".tools/awscli/bin/aws"


class StepFailedError(Exception):
    """A step did not reach its result within the timeout."""


class Terminal:
    """Prints what a user would type and see, and keeps it as lines of Markdown."""

    def __init__(self, running: Cluster, environment: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._cluster = running
        self._environment = environment

    def title(self, text: str, *words: str) -> None:
        """Begin a chapter."""
        self._print(f"\n## {text}\n")
        for line in words:
            self._print(f"{line}\n")

    def apply(self, manifest: str) -> None:
        """Apply a manifest from standard input."""
        self._fence(f"$ kubectl apply -f - <<'END'\n{manifest.strip()}\nEND\n{self._kubectl('apply -f -', manifest)}")

    def kubectl(self, command: str) -> None:
        """Show a kubectl command."""
        self._fence(f"$ kubectl {command}\n{self._kubectl(command)}")

    def aws(self, command: str) -> None:
        """Show a command of the AWS CLI."""
        self._fence(f"$ aws xray {command}\n{self._aws(command)}")

    def until(self, command: str, *wanted: str) -> None:
        """Show a kubectl command once its output has the expected text."""
        shown = self._wait(lambda: self._kubectl(command), wanted, f"kubectl {command}")
        self._fence(f"$ kubectl {command}\n{shown}")

    def until_aws(self, command: str, *wanted: str) -> None:
        """Show a command of the AWS CLI once its output has the expected text."""
        shown = self._wait(lambda: self._aws(command), wanted, f"aws xray {command}")
        self._fence(f"$ aws xray {command}\n{shown}")

    def transitions(self, name: str, change: Callable[[], None], last: str) -> None:
        """Show how an object's conditions change during a change, as a watch sees them."""
        config = self._cluster.folder / "admin.kubeconfig"
        command: list[str | Path] = [tool_path("kubectl"), f"--kubeconfig={config}", "get", name, "-w", "-o", "json"]
        seen: list[str] = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
            assert watch.stdout is not None
            rows = _rows(watch.stdout)
            seen.append(next(rows))
            change()
            for row in rows:
                if row != seen[-1]:
                    seen.append(row)
                if last in row:
                    break
            watch.terminate()
        listing = "\n".join(seen)
        self._fence(f"$ kubectl get {name} -w   # its conditions, as they change\n{listing}")

    def _wait(self, look: Callable[[], str], wanted: tuple[str, ...], what: str) -> str:
        until = time.monotonic() + TIMEOUT_SECONDS
        while True:
            shown = look()
            if all((text[1:] not in shown) if text.startswith("!") else (text in shown) for text in wanted):
                return shown
            if time.monotonic() > until:
                raise StepFailedError(f"{what} did not show {', '.join(wanted)}, but:\n{shown}")
            time.sleep(0.05)

    def _kubectl(self, command: str, text: str | None = None) -> str:
        return self._cluster.kubectl(*shlex.split(command), text=text, check=False).strip()

    def _aws(self, command: str) -> str:
        line: list[str | Path] = [AWS, "xray", *shlex.split(command)]
        run = subprocess.run(line, env=self._environment, capture_output=True, text=True, timeout=60, check=False)
        return (run.stdout + run.stderr).strip()

    def _fence(self, text: str) -> None:
        self._print(f"```console\n{text.strip()}\n```\n")

    def _print(self, text: str) -> None:
        self.lines.append(text)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _rows(stream: Iterator[str]) -> Iterator[str]:
    """Yield each object of a watch as one line of its conditions."""
    decoder, text = json.JSONDecoder(), ""
    for line in stream:
        text += line
        if line.rstrip() != "}":
            continue
        body, _ = decoder.raw_decode(text)
        text = ""
        yield _row(body)


def _row(body: dict[str, Any]) -> str:
    found = {condition["type"]: condition for condition in body.get("status", {}).get("conditions", [])}
    cells = [f"{kind}={condition['status']} ({condition['reason']})" for kind, condition in found.items()]
    return "  ".join(cells) + (f"  {found['Drifted']['message']}" if found.get("Drifted", {}).get("message") else "")
