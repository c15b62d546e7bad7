"""The commands that speak to a cluster: `run` and `release`. Called by `cli`.

kopf takes half a second to import, and the commands on files do without it: so it is imported where it is needed.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from xray_operator import settings

OK, FAILED = 0, 1
_Command = Callable[[argparse.Namespace, Any], int]


class UsageError(Exception):
    """The command line is wrong; the text is one line."""


def add(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the commands to a parser's."""
    _add_run(commands, environ)
    _add_release(commands)


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
        release = Release(kubernetes, lambda line: print(line, flush=True))
        await (release.delete if options.delete else release.let_go)(scope, options.timeout)

    return _in_cluster(work)


def _in_cluster(work: Callable[[Any], Coroutine[Any, Any, None]]) -> int:
    """Do some work with the Kubernetes API and give the exit code."""
    from xray_operator.kube import KubernetesApi
    from xray_operator.kube_http import KubernetesError
    from xray_operator.run import StartError, credentials

    async def connected() -> None:
        kubernetes = KubernetesApi(credentials)
        try:
            await work(kubernetes)
        finally:
            await kubernetes.close()

    try:
        asyncio.run(connected())
    except (StartError, KubernetesError) as error:
        return _failed(error)
    return OK


def _failed(error: Exception) -> int:
    print(f"xray-operator: {error}", file=sys.stderr)
    return FAILED
