"""One release of the chart in a namespace that enforces Pod Security `restricted`: install, change, look, uninstall."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests import waiting
from tests.e2e.containers import TAG
from tests.e2e.kind.cluster import Cluster
from tools.chart.values import CHART
from tools.provide import tool_path

NAME = "cruddur"
HELM_SECONDS = 180
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
_APP_VERSION = str(yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"])
_TAGS = {part: {"image": {"tag": TAG}} for part in ("backend", "operator", "xrayLocal")}

until = partial(waiting.until, seconds=60.0, pause=0.5)  # each look is a call of kubectl


@dataclass(slots=True)
class Release:
    """The release `cruddur`; `values` are the installed ones, None when it is not installed or they are unknown."""

    cluster: Cluster
    namespace: str
    folder: Path
    values: Mapping[str, Any] | None = field(default=None)

    def ensure(self, values: Mapping[str, Any]) -> None:
        """Install or upgrade to exactly these values, and wait until all pods are ready; nothing is done twice."""
        if self.values != values:
            self.values = None  # until it has them: an upgrade that fails leaves a mixture
            self.helm("upgrade", "--install", NAME, str(CHART), "--values", str(self._file(values)), *_wait())
            self.values = values

    def install(self) -> None:
        """Install with the chart's own values, and nothing else but our tag where it is another one."""
        self.uninstall()
        tags = () if TAG == _APP_VERSION else ("--values", str(self._file({})))
        self.helm("install", NAME, str(CHART), *tags, *_wait())
        self.values = {}

    def _file(self, values: Mapping[str, Any]) -> Path:
        file = self.folder / f"{self.namespace}-values.yaml"
        tagged = {part: {**tag, **values.get(part, {})} for part, tag in _TAGS.items()}
        file.write_text(yaml.safe_dump({**values, **tagged}))
        return file

    def helm(self, *arguments: str) -> str:
        """Run helm in the namespace."""
        return self.cluster.run(tool_path("helm"), "--namespace", self.namespace, *arguments, seconds=HELM_SECONDS + 60)

    def uninstall(self) -> str:
        """Uninstall whatever is there, and wait until Helm says that it is done."""
        self.values = None
        return self.helm("uninstall", NAME, "--ignore-not-found", *_wait())

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, text=text)

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Apply objects in the namespace."""
        self.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(documents))

    def pods(self, component: str = "") -> list[dict[str, Any]]:
        """Return the pods of a component of the release that are not about to go."""
        return [pod for pod in self._all_pods(component) if "deletionTimestamp" not in pod["metadata"]]

    def _all_pods(self, component: str) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io/instance={NAME}" + (
            f",app.kubernetes.io/component={component}" * bool(component)
        )
        return self.cluster.items("pods", "--namespace", self.namespace, "--selector", selector)

    def logs(self, component: str, container: str) -> dict[str, list[str]]:
        """Return the lines that a component's pods have written, by pod."""
        names = [pod["metadata"]["name"] for pod in self.pods(component)]
        return {name: self.kubectl("logs", name, "--container", container).splitlines() for name in names}

    def python(self, pod: str, code: str) -> str:
        """Run a program in a pod's own Python, as its own user."""
        return self.kubectl("exec", pod, "--", "python3", "-c", code)

    def wait_for_no_leavers(self, component: str = "") -> None:
        """Wait until no pod of a component of the release is on its way out any more."""
        until(
            lambda: not any("deletionTimestamp" in pod["metadata"] for pod in self._all_pods(component)),
            f"the pods of {component or 'the release'} that are terminating have ended",
            seconds=120,
            pause=1,
        )

    def requests(self) -> list[dict[str, Any]]:
        """Return the lines of the backends' access logs, each with its pod."""
        lines = [(pod, line) for pod, written in self.logs("backend", "backend").items() for line in written]
        entries = [(pod, json.loads(line)) for pod, line in lines if line.startswith("{")]
        return [entry | {"pod": pod} for pod, entry in entries if entry.get("event") == "request"]


def _wait() -> Sequence[str]:
    return ("--wait", f"--timeout={HELM_SECONDS}s")


@contextmanager
def installed(cluster: Cluster, namespace: str, folder: Path, *, remove: bool = True) -> Iterator[Release]:
    """Return a release that is not installed yet; at the end `remove` uninstalls it and deletes the namespace."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}})
    release = Release(cluster, namespace, folder)
    try:
        yield release
    finally:
        if remove:
            release.uninstall()
            cluster.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s")
