"""The commands for a cluster: `run`, `finalizers` and `crds`.

kopf takes half a second to import, and the commands on files do not need it: it is imported on use.
"""

import argparse
import asyncio
import math
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xray_operator import settings
from xray_operator.cli.options import FAILED, OK, Command, UsageError
from xray_operator.kubernetes import crds
from xray_operator.manifests.kinds import KINDS

if TYPE_CHECKING:
    from xray_operator.kubernetes.api import KubernetesApi


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the commands to a parser's."""
    _add_run(commands, environ)
    _add_finalizers(commands)
    _add_crds(commands)


def _add(commands: Any, name: str, text: str, command: Command, *aliases: str) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(name, aliases=aliases, help=text, description=text)
    sub.set_defaults(command=command, region=None, endpoint=None)
    return sub


def _add_run(commands: Any, environ: Mapping[str, str]) -> None:
    def command(options: argparse.Namespace, _: Any) -> int:
        from xray_operator.kubernetes.credentials import CredentialsError
        from xray_operator.runtime.run import StartError, run

        try:
            run(settings.read_all(vars(options), environ))
        except (StartError, CredentialsError) as error:
            return _failed(error)
        return OK

    sub = _add(commands, "run", "run in a cluster: sync its resources to AWS", command)
    for setting in settings.SETTINGS:
        sub.add_argument(setting.option, dest=setting.name, help=settings.help_text(setting, environ))


def _add_finalizers(commands: Any) -> None:
    text = "remove the finalizers of resources without an operator; AWS keeps their objects"
    sub = _add(commands, "finalizers", text, _finalizers, "release")  # the name in the hooks of older charts
    scope = sub.add_mutually_exclusive_group(required=True)
    scope.add_argument("-n", "--namespace", action="append", help="the resources in a namespace (repeatable)")
    scope.add_argument("-A", "--all-namespaces", action="store_true", help="the resources in all namespaces")
    sub.add_argument("-l", "--selector", default="", help="only those with these labels, as for kubectl")
    sub.add_argument("--class", dest="resource_class", help="only those of this class; '': those without one")
    sub.add_argument("--delete", action="store_true", help="first delete them and wait; needs a running operator")
    sub.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="the timeout; default: 60")


def _finalizers(options: argparse.Namespace, _: Any) -> int:
    from xray_operator.kubernetes.finalizers import FinalizerRemover, Scope

    scope = Scope(tuple(options.namespace or ()), options.selector, options.resource_class)

    async def work(kubernetes: "KubernetesApi") -> None:
        remover = FinalizerRemover(kubernetes, _print)
        await (remover.delete if options.delete else remover.remove)(scope, options.timeout)

    return _in_cluster(work)


def _add_crds(commands: Any) -> None:
    sub = _add(commands, "crds", "print this version's CRDs, or upgrade those of a cluster", _crds)
    sub.add_argument("--apply", action="store_true", help="apply them to the cluster, where they must exist already")
    sub.add_argument("--force", action="store_true", help="apply them over newer ones, too")
    sub.add_argument("--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="the timeout; default: 30")


def _crds(options: argparse.Namespace, _: Any) -> int:
    if not options.apply:
        print("---\n".join(map(crds.render, KINDS.values())), end="")
        return OK
    from xray_operator.kubernetes.crd_upgrade import CrdUpgrade, UpgradeError

    async def work(kubernetes: "KubernetesApi") -> None:
        await CrdUpgrade(kubernetes, _print).apply(options.timeout, force=options.force)

    try:
        return _in_cluster(work)
    except UpgradeError as error:
        return _failed(error)


def _in_cluster(work: Callable[["KubernetesApi"], Awaitable[None]]) -> int:
    """Do some work with the Kubernetes API and return the exit code."""
    from xray_operator.kubernetes.api import KubernetesApi
    from xray_operator.kubernetes.connection import KubernetesError
    from xray_operator.kubernetes.credentials import CredentialsError, find_credentials

    async def main() -> None:
        kubernetes = KubernetesApi(find_credentials)
        try:
            await work(kubernetes)
        finally:
            await kubernetes.close()

    try:
        asyncio.run(main())
    except (CredentialsError, KubernetesError) as error:
        return _failed(error)
    return OK


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (seconds := float(text)) < math.inf:
            return seconds
    raise UsageError(f"--timeout: {text!r}: expected a number of seconds")


def _print(line: str) -> None:
    print(line, flush=True)


def _failed(error: Exception) -> int:
    print(f"xray-operator: {error}", file=sys.stderr)
    return FAILED
