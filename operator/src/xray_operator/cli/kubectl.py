"""`kubectl xray`: plan, explain and import for the resources in a cluster.

kubectl itself reads them: it has the user's context and namespace, and every way to authenticate.
"""

import argparse
import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from xray_operator import settings
from xray_operator.aws.objects import Observed, Target
from xray_operator.cli import explain, export
from xray_operator.cli.options import FAILED, Connect, aws_options, note
from xray_operator.cli.plan import show_plan
from xray_operator.manifests.kinds import KINDS
from xray_operator.manifests.manifest import API_GROUP, Manifest
from xray_operator.manifests.parse import parse
from xray_operator.manifests.yaml_documents import YamlDocument
from xray_operator.plan.apply import observe
from xray_operator.status import conditions

PROGRAM = "kubectl xray"
_CLUSTER_ID = settings.BY_NAME["cluster_id"]


class KubectlError(Exception):
    """kubectl failed; the text is its own."""


class ClusterManifests(NamedTuple):
    """The manifests of the resources in a cluster, those that AWS matches, and what is wrong with the others."""

    manifests: list[Manifest]
    synced: list[Manifest]
    problems: list[str]

    @property
    def targets(self) -> set[Target]:
        """The objects in AWS that the resources name."""
        return {manifest.target for manifest in self.manifests}


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the commands to a parser's."""
    text = "show what the operator would change in AWS for the cluster's resources"
    _add_selection(_add(commands, "plan", text, _plan, environ))
    sub = _add(commands, "explain", explain.TEXT, _explain, environ)
    _add_selection(sub)
    explain.add_request(sub)
    sub.add_argument("--live", action="store_true", help="read the rules from AWS instead of the cluster")
    text = "print manifests of the objects in AWS that no resource of the cluster names"
    sub = _add(commands, "import", text, _import, environ)
    sub.add_argument("-n", "--namespace", help="the namespace of objects without an owner; default: none is written")
    sub.add_argument("--all", action="store_true", help="all objects in AWS; the cluster is not read")
    export.add_selection(sub)


def _add(commands: Any, name: str, text: str, command: Any, environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parents = [aws_options(environ, ("region", "endpoint"))]
    sub: argparse.ArgumentParser = commands.add_parser(name, parents=parents, help=text, description=text)
    sub.set_defaults(command=command)
    text = f"{_CLUSTER_ID.help} ({_CLUSTER_ID.variable}; default: that of the resources' owner tags)"
    sub.add_argument(_CLUSTER_ID.option, type=_cluster_id_of, default=environ.get(_CLUSTER_ID.variable), help=text)
    sub.add_argument("--context", help="the context of the kubeconfig")
    sub.add_argument("--kubeconfig", help="the path of the kubeconfig")
    return sub


def _add_selection(parser: argparse.ArgumentParser) -> None:
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("-n", "--namespace", help="the namespace; default: the context's")
    scope.add_argument("-A", "--all-namespaces", action="store_true", help="the resources in all namespaces")
    parser.add_argument("-l", "--selector", help="only those with these labels, as for kubectl get")


def _cluster_id_of(text: str) -> str:
    return str(settings.parse(_CLUSTER_ID, text, _CLUSTER_ID.option))


def _plan(options: argparse.Namespace, connect: Connect) -> int:
    resources = _read(options)
    observed = observe(connect(), resources.manifests)
    code = show_plan(options, resources.manifests, observed, _cluster_id(options, resources, observed))
    return FAILED if resources.problems else code


def _explain(options: argparse.Namespace, connect: Connect) -> int:
    if options.live:
        return explain.show_verdicts(options, explain.live_rules(connect()))
    return explain.show_verdicts(options, explain.with_default(_read(options).manifests))


def _import(options: argparse.Namespace, connect: Connect) -> int:
    everywhere = argparse.Namespace(**{**vars(options), "namespace": None, "all_namespaces": True, "selector": None})
    resources = ClusterManifests([], [], []) if options.all else _read(everywhere)
    observed = observe(connect(), [], prune=True)
    cluster_id = _cluster_id(options, resources, observed)
    return export.print_manifests(options, observed, cluster_id, without=resources.targets)


def _cluster_id(options: argparse.Namespace, resources: ClusterManifests, observed: Observed) -> str:
    """Return the option, or else the cluster id with which the operator has tagged the resources' objects."""
    if options.cluster_id:
        return str(options.cluster_id)
    for manifest in resources.synced:
        found = observed.find(manifest.target)
        cluster, _, name = (observed.owner(found) or "" if found else "").partition("/")
        if name == f"{manifest.namespace}/{manifest.name}":
            return cluster
    return _CLUSTER_ID.default


def _read(options: argparse.Namespace) -> ClusterManifests:
    """Read the selected resources; those that have no effect are reported, with the reason."""
    found = ClusterManifests([], [], [])
    owners: dict[Target, str] = {}
    for item in sorted(_get(options), key=lambda item: str(item["metadata"].get("creationTimestamp"))):
        source = f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
        if "deletionTimestamp" in item["metadata"]:
            note(options, f"{source}: is being deleted")
            continue
        manifest, problems = parse(YamlDocument(source, 0, item))
        found.problems.extend(map(str, problems))
        if manifest is None:
            continue
        owner = owners.setdefault(manifest.target, source)
        if owner != source:
            found.problems.append(f"{source}: {manifest.target[1]!r} is already managed by {owner}")
            continue
        found.manifests.append(manifest)
        if conditions.has(item.get("status") or {}, "Synced"):
            found.synced.append(manifest)
    for problem in found.problems:
        note(options, problem)
    return found


def _get(options: argparse.Namespace) -> Sequence[Mapping[str, Any]]:
    """Return the selected resources as kubectl prints them."""
    kinds = ",".join(f"{info.plural}.{API_GROUP}" for info in KINDS.values())
    arguments = ["kubectl", "get", kinds, "--output=json"]
    arguments += ["--all-namespaces"] if options.all_namespaces else []
    for name in ("namespace", "selector", "context", "kubeconfig"):
        arguments += [f"--{name}={value}"] if (value := getattr(options, name)) else []
    try:
        done = subprocess.run(arguments, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 (no shell)
    except OSError as error:
        raise KubectlError(f"cannot run kubectl: {error.strerror}") from error
    if done.returncode:
        raise KubectlError(next(reversed(done.stderr.splitlines()), f"kubectl exited with {done.returncode}"))
    items: Sequence[Mapping[str, Any]] = json.loads(done.stdout)["items"]
    return items
