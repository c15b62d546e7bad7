"""The commands that speak to a cluster: `run`, `release` and `crds`. Called by `cli`.

kopf takes half a second to import, and the commands on files do without it: so it is imported where it is needed.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from xray_operator import crd, settings

OK, FAILED = 0, 1


class _Closes(Protocol):
    async def close(self) -> None: ...


_Command = Callable[[argparse.Namespace, Any], int]


class UsageError(Exception):
    """The command line is wrong; the text is one line."""


def add(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the commands to a parser's."""
    _add_run(commands, environ)
    _add_release(commands)
    _add_crds(commands)


def _add(commands: Any, name: str, text: str, command: _Command) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    sub.set_defaults(command=command, region=None, endpoint=None)
    return sub


def _add_run(commands: Any, environ: Mapping[str, str]) -> None:
    def command(options: argparse.Namespace, _: Any) -> int:
        from xray_operator.run import StartError, run

        try:
            run(settings.read(vars(options), environ))
        except settings.SettingsError as error:
            raise UsageError(str(error)) from error
        except StartError as error:
            return _failed(error)
        return OK

    sub = _add(commands, "run", "run in a cluster: keep AWS as the resources ask", command)
    for one in settings.SETTINGS:
        default = environ.get(one.variable, one.default) or "none"
        sub.add_argument(one.option, help=f"{one.help} ({one.variable}; default: {default})")


def _add_release(commands: Any) -> None:
    text = "take the operator's finalizer off resources whose operator is gone; AWS keeps what it has"
    sub = _add(commands, "release", text, _release)
    where = sub.add_mutually_exclusive_group(required=True)
    where.add_argument("-n", "--namespace", action="append", help="the resources in a namespace (repeatable)")
    where.add_argument("-A", "--all-namespaces", action="store_true", help="those in all namespaces")
    sub.add_argument("-l", "--selector", default="", help="only those with these labels, as for kubectl")
    sub.add_argument("--delete", action="store_true", help="delete them first, while an operator runs, and wait")
    sub.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="the longest wait; default: 60")


def _release(options: argparse.Namespace, _: Any) -> int:
    from xray_operator.kube import KubernetesApi
    from xray_operator.release import Release, Scope

    scope = Scope(tuple(options.namespace or ()), options.selector)

    async def work(kubernetes: KubernetesApi) -> None:
        release = Release(kubernetes, _tell)
        await (release.delete if options.delete else release.let_go)(scope, options.timeout)

    return _in_cluster(KubernetesApi, work)


def _add_crds(commands: Any) -> None:
    sub = _add(commands, "crds", "print the CRDs of this version, or bring a cluster's up to date", _crds)
    sub.add_argument("--apply", action="store_true", help="apply them to the cluster, which must have them already")
    sub.add_argument("--force", action="store_true", help="apply them also over newer ones")
    sub.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="the longest wait; default: 30")


def _crds(options: argparse.Namespace, _: Any) -> int:
    if not options.apply:
        print("---\n".join(map(crd.render, crd.KINDS)), end="")
        return OK
    from xray_operator.crd_upgrade import CrdUpgrade, UpgradeError
    from xray_operator.kube_http import Connection

    async def work(connection: Connection) -> None:
        await CrdUpgrade(connection, _tell).apply(options.timeout, force=options.force)

    try:
        return _in_cluster(Connection, work)
    except UpgradeError as error:
        return _failed(error)


def _in_cluster(connected: Callable[[Any], _Closes], work: Callable[[Any], Coroutine[Any, Any, None]]) -> int:
    """Do some work with a way to the Kubernetes API and give the exit code."""
    from xray_operator.kube_http import KubernetesError
    from xray_operator.run import StartError, credentials

    async def whole() -> None:
        api = connected(credentials)
        try:
            await work(api)
        finally:
            await api.close()

    try:
        asyncio.run(whole())
    except (StartError, KubernetesError) as error:
        return _failed(error)
    return OK


def _tell(line: str) -> None:
    print(line, flush=True)


def _failed(error: Exception) -> int:
    print(f"xray-operator: {error}", file=sys.stderr)
    return FAILED
