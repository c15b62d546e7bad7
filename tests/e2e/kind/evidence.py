"""What is kept in build/e2e of a cluster in which something went wrong; the rest goes with it."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.e2e.kind.cluster import Cluster

SECONDS = 30  # of one call: the API server may be what went wrong
FAILURES = (AssertionError, OSError, ValueError, LookupError, subprocess.SubprocessError)


def keep(cluster: Cluster, folder: Path) -> str:
    """Write pods, events and logs of all namespaces into a folder, and say so. Raises nothing: a test has failed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pods.txt").write_text(_ask(cluster, "get", "pods", "--output=wide"))
        (folder / "events.txt").write_text(_ask(cluster, "get", "events", "--sort-by=.lastTimestamp"))
        for pod in cluster.items("pods", "--all-namespaces"):
            _keep_pod(cluster, pod, folder / pod["metadata"]["namespace"])
    except FAILURES as error:  # the nodes have the logs of their pods as well
        cluster.export_logs(folder / "nodes")
        return f"the nodes' logs are in {folder}/nodes, for this failed: {str(error)[-500:]}"
    return f"the logs of the pods of all namespaces are in {folder}"


def _ask(cluster: Cluster, *arguments: str) -> str:
    return cluster.kubectl(*arguments, "--all-namespaces", seconds=SECONDS)


def _keep_pod(cluster: Cluster, pod: Mapping[str, Any], folder: Path) -> None:
    name = pod["metadata"]["name"]
    wanted = {f"{name}.{container}.log": ("logs", name, *options) for container, options in _runs(pod)}
    if not _is_ready(pod):
        wanted[f"{name}.txt"] = ("describe", "pod", name)
    folder.mkdir(exist_ok=True)
    for file, arguments in wanted.items():
        # Its pod may have gone meanwhile, or its node.
        with contextlib.suppress(*FAILURES):
            (folder / file).write_text(cluster.kubectl("--namespace", folder.name, *arguments, seconds=SECONDS))


def _runs(pod: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each container's name, and that of each that ran before, with the options of its logs."""
    status = pod["status"]
    for container in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]:
        option = f"--container={container['name']}"
        if "waiting" not in container["state"]:
            yield container["name"], (option,)
        if container["restartCount"]:
            yield f"{container['name']}.previous", (option, "--previous")


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = {condition["type"]: condition["status"] for condition in pod["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" or pod["status"]["phase"] == "Succeeded"
