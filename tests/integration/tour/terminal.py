"""A terminal that is written down: commands of kubectl and the AWS CLI, what they print, and waiting for a sight."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests import cluster
from tests.cluster import Cluster

PATIENCE = 20  # seconds
AWS = cluster.ROOT / ".tools/awscli/bin/aws"


class TourError(Exception):
    """A step did not come true."""


class Terminal:
    """Prints what a person would type and see, and keeps it as lines of Markdown."""

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
        """Apply a manifest as a person would from a terminal."""
        self._fence(f"$ kubectl apply -f - <<'END'\n{manifest.strip()}\nEND\n{self._kubectl('apply -f -', manifest)}")

    def kubectl(self, command: str) -> None:
        """Show a kubectl command."""
        self._fence(f"$ kubectl {command}\n{self._kubectl(command)}")

    def aws(self, command: str) -> None:
        """Show a command of the AWS CLI."""
        self._fence(f"$ aws xray {command}\n{self._aws(command)}")

    def until(self, command: str, *wanted: str) -> None:
        """Show a kubectl command at the moment when its output has what is wanted."""
        shown = self._wait(lambda: self._kubectl(command), wanted, f"kubectl {command}")
        self._fence(f"$ kubectl {command}\n{shown}")

    def until_aws(self, command: str, *wanted: str) -> None:
        """Show a command of the AWS CLI at the moment when its output has what is wanted."""
        shown = self._wait(lambda: self._aws(command), wanted, f"aws xray {command}")
        self._fence(f"$ aws xray {command}\n{shown}")

    def transitions(self, name: str, change: Callable[[], None], last: str) -> None:
        """Show how READY and DRIFTED of an object go while something changes, as a watch sees them."""
        config = self._cluster.folder / "admin.kubeconfig"
        command: list[str | Path] = [cluster.tool("kubectl"), f"--kubeconfig={config}", "get", name, "-w", "-o", "json"]
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
        until = time.monotonic() + PATIENCE
        while True:
            shown = look()
            if all((one[1:] not in shown) if one.startswith("!") else (one in shown) for one in wanted):
                return shown
            if time.monotonic() > until:
                raise TourError(f"{what} did not come to show {', '.join(wanted)}, but:\n{shown}")
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
    """Give each object of a watch as one line of its conditions."""
    decoder, text = json.JSONDecoder(), ""
    for line in stream:
        text += line
        if line.rstrip() != "}":
            continue
        body, _ = decoder.raw_decode(text)
        text = ""
        yield _row(body)


def _row(body: dict[str, Any]) -> str:
    found = {one["type"]: one for one in body.get("status", {}).get("conditions", [])}
    cells = [f"{kind}={one['status']} ({one['reason']})" for kind, one in found.items()]
    return "  ".join(cells) + (f"  {found['Drifted']['message']}" if found.get("Drifted", {}).get("message") else "")
