"""Renders the chart with the real helm, as a release would be, without a cluster."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.chart.values import CHART
from tools.provide import tool_path

NAMESPACE = "shop"
RELEASE = "demo"
KUBERNETES = "1.34.0"
SECONDS = 60
HELM, HELM3 = "helm", "helm3"  # the first is Helm 4
SHARED: Path | None = None  # where the processes of a run keep what they have rendered

Object = dict[str, Any]
Values = Mapping[str, Any]


def nested(flat: Values) -> dict[str, Any]:
    """Turn `{"aws.region": ...}` into `{"aws": {"region": ...}}`."""
    whole: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, name = path.split(".")
        inner = whole
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = value
    return whole


def render(
    flat: Values | None = None, release: str = RELEASE, *, helm: str = HELM, chart: Path = CHART
) -> list[Object]:
    """Return the objects of a release with these values, hooks and tests among them; they are shared, and read only."""
    return _objects(json.dumps(nested(flat or {})), release, helm, chart)


@cache
def _objects(values: str, release: str, helm: str, chart: Path) -> list[Object]:
    rendered = _text(values, release, helm, chart)
    return [loaded for loaded in yaml.load_all(rendered, Loader=yaml.CSafeLoader) if loaded]


def text(flat: Values, *, again: bool = False) -> str:
    """Return the text of a release's manifest; with `again` from another run of helm."""
    run = _rendered if again else _text
    return run(json.dumps(nested(flat)), RELEASE, HELM, CHART)


@cache
def _text(values: str, release: str, helm: str, chart: Path) -> str:
    """Return a manifest that one of the processes of this run has rendered."""
    if SHARED is None:
        return _rendered(values, release, helm, chart)
    kept = SHARED / hashlib.sha256("\n".join((values, release, helm, str(chart))).encode()).hexdigest()
    if not kept.exists():
        own = kept.with_suffix(f".{os.getpid()}")
        own.write_text(_rendered(values, release, helm, chart))
        own.rename(kept)
    return kept.read_text()


def _rendered(values: str, release: str, helm: str, chart: Path) -> str:
    run = _template(values, release, helm, chart)
    assert run.returncode == 0, run.stderr
    return run.stdout


def refusal(flat: Values, helm: str = HELM) -> list[str]:
    """Return the lines in which helm says why these values will not do."""
    run = _template(json.dumps(nested(flat)), RELEASE, helm, CHART)
    assert run.returncode != 0, "helm takes these values"
    frame = ("Error: ", "cruddur:", "Use --debug")
    return [line.removeprefix("- ") for line in run.stderr.splitlines() if line and not line.startswith(frame)]


def _template(values: str, release: str, helm: str, chart: Path) -> subprocess.CompletedProcess[str]:
    arguments = (release, chart, "--namespace", NAMESPACE, "--kube-version", KUBERNETES, "--values", "-")
    return run_helm("template", *arguments, helm=helm, given=values)


def run_helm(
    *arguments: str | Path, helm: str = HELM, given: str | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run helm without a cluster, in a folder, with a text as its input."""
    environ = {
        "HELM_PLUGINS": os.devnull,  # one Helm complains of plugins that are for the other
        "KUBECONFIG": os.devnull,
        "GOGC": "off",  # a fifth of the time: it ends before it has to collect anything
    }
    return subprocess.run(
        [tool_path(helm), *arguments],
        cwd=folder,
        input=given,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def of_kind(found: list[Object], kind: str) -> list[Object]:
    """Return the objects of one kind."""
    return [manifest for manifest in found if manifest["kind"] == kind]


def named(found: list[Object], kind: str, name: str) -> Object:
    """Return the one object of a kind and name."""
    (found_manifest,) = [manifest for manifest in of_kind(found, kind) if manifest["metadata"]["name"] == name]
    return found_manifest


def pod_of(manifest: Object) -> Object | None:
    """Return what an object makes pods of, as `{metadata, spec}`; None when it makes none."""
    if manifest["kind"] == "Pod":
        return manifest
    if manifest["kind"] == "CronJob":
        manifest = manifest["spec"]["jobTemplate"]
    template: Object | None = manifest.get("spec", {}).get("template")
    return template


def pods(found: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Yield each object that makes pods, and its pod."""
    for manifest in found:
        pod = pod_of(manifest)
        if pod is not None:
            yield manifest, pod


def containers(pod: Object) -> list[Object]:
    """Return all containers of a pod, those that only start it too."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def named_container(pod: Object, name: str) -> Object:
    """Return one container of a pod."""
    (found_container,) = [container for container in containers(pod) if container["name"] == name]
    return found_container


# part -> the components whose pods have its values: a sidecar is in the backend's, a Job has the operator's
COMPONENTS = {
    "backend": {"backend"},
    "daemon": {"daemon"},
    "collector": {"collector"},
    "xrayLocal": {"xray-local"},
    "operator": {"operator", "cleanup", "crds"},
    "tests": {"test"},
}


def components(found: list[Object]) -> Mapping[str, list[Object]]:
    """Return the pods by their components."""
    by_name: dict[str, list[Object]] = {}
    for _, pod in pods(found):
        by_name.setdefault(pod["metadata"]["labels"]["app.kubernetes.io/component"], []).append(pod)
    return by_name
