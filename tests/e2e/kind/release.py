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
_TAGS: Mapping[str, Mapping[str, Any]] = {
    part: {"image": {"tag": TAG}} for part in ("backend", "operator", "xrayLocal")
}
_AT_ONCE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
# For a change without load: no wait for clients that do not exist, and no Job for CRDs that have not changed.
_QUICK: Mapping[str, Mapping[str, Any]] = {
    **_TAGS,
    "backend": {**_TAGS["backend"], "drainSeconds": 1, "strategy": _AT_ONCE},
    "tracing": {"handoverSeconds": 3},
    "crds": {"upgrade": False},
}

until = partial(waiting.until, seconds=60.0, pause=0.5)  # each look is a call of kubectl


@dataclass(slots=True)
class Release:
    """The release `cruddur`; `values` are the installed ones, None when it is not installed or they are unknown."""

    cluster: Cluster
    namespace: str
    folder: Path
    values: Mapping[str, Any] | None = field(default=None)

    def ensure(self, values: Mapping[str, Any], *, quick: bool = True) -> None:
        """Install or upgrade to these values, and wait until all pods are ready; nothing is done twice.

        If `quick`, the pods are replaced at once, and all previous ones have ended. Under load it must be False.
        """
        wanted = _merged(values, _QUICK if quick else _TAGS)
        if self.values != wanted:
            self.values = None  # until it has them: an upgrade that fails leaves a mixture
            self.helm("upgrade", "--install", NAME, str(CHART), "--values", str(self._file(wanted)), *_wait())
            if quick:
                self.wait_for_no_leavers()
            self.values = wanted

    def install(self) -> None:
        """Install with the chart's own values, and nothing else but our tag where it is another one."""
        self.uninstall()
        tags = () if TAG == _APP_VERSION else ("--values", str(self._file(_TAGS)))
        self.helm("install", NAME, str(CHART), *tags, *_wait())
        self.values = _TAGS

    def install_chart(self, chart: Path, values: Mapping[str, Any]) -> None:
        """Install another version of the chart, with today's images."""
        self.uninstall()
        self.helm("install", NAME, str(chart), "--values", str(self._file(_merged(values, _TAGS))), *_wait())

    def upgrade_chart(self) -> None:
        """Upgrade to today's chart, with the values that the release has."""
        self.values = None
        self.helm("upgrade", NAME, str(CHART), "--reset-then-reuse-values", *_wait())

    def _file(self, values: Mapping[str, Any]) -> Path:
        file = self.folder / f"{self.namespace}-values.yaml"
        file.write_text(yaml.safe_dump(dict(values)))
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


def _merged(values: Mapping[str, Any], ours: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a test's values with ours added to each part; the test's own come first."""
    return {**values, **{part: {**own, **values.get(part, {})} for part, own in ours.items()}}


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
