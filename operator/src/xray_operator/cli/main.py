"""Parses the command line, runs the command, and turns errors into one line and an exit code."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.cli import cluster, completion, explain, export, kubectl, plan
from xray_operator.cli.kubectl import KubectlError
from xray_operator.cli.options import FAILED, INTERRUPTED, OK, USAGE, Command, Connect, Parser, UsageError
from xray_operator.manifests.load import ManifestError
from xray_operator.settings import SettingsError

PROGRAM = "xray-operator"
_ESCAPE = "backslashreplace"  # for file names that are not UTF-8
_GatewayFactory: TypeAlias = Callable[[str | None, str | None], Gateway]


def _connect(region: str | None, endpoint: str | None) -> Gateway:
    """Return AWS's gateway: boto3 takes half a second to import, and half of the commands do not need it."""
    from xray_operator.aws.boto_gateway import connect

    return connect(region, endpoint)


def main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    connect: _GatewayFactory = _connect,
) -> int:
    """Run `xray-operator` and return the exit code; `connect` returns the gateway of a region and an endpoint."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return _run(build_parser, arguments, os.environ if environ is None else environ, connect)


def kubectl_main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    connect: _GatewayFactory = _connect,
) -> int:
    """Run `kubectl xray` and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return _run(build_kubectl_parser, arguments, os.environ if environ is None else environ, connect)


def kubectl_complete() -> int:
    """Print the candidates for the completion of `kubectl xray`."""
    return _run(build_kubectl_parser, [completion.COMMAND, *sys.argv[1:]], os.environ, _connect)


def _run(
    build: Callable[[Mapping[str, str]], Parser],
    arguments: Sequence[str],
    environ: Mapping[str, str],
    connect: _GatewayFactory,
) -> int:
    _prepare_streams()
    parser = build(environ)
    try:
        code = _execute(parser, arguments, connect)
        sys.stdout.flush()
    except (UsageError, SettingsError) as error:
        return _fail(parser, USAGE, str(error))
    except ManifestError as error:
        return _fail(parser, FAILED, *error.problems)
    except (GatewayError, KubectlError) as error:
        return _fail(parser, FAILED, str(error))
    except OSError as error:
        return _not_written(parser, error)
    except KeyboardInterrupt:
        return _fail(parser, INTERRUPTED, "interrupted")
    return code


def _execute(parser: Parser, arguments: Sequence[str], connect: _GatewayFactory) -> int:
    if arguments[:1] == [completion.COMMAND]:
        print(*completion.lines(parser, arguments[1:]), sep="\n")
        return OK
    options = parser.parse_args(arguments)
    command: Command = options.command
    return command(options, lambda: connect(options.region, options.endpoint))


def _prepare_streams() -> None:
    """Open standard streams that are closed, as by `>&-`, and use UTF-8 in every locale, as manifests and AWS do."""
    for name, mode, errors in (("stdin", "r", "strict"), ("stdout", "w", _ESCAPE), ("stderr", "w", _ESCAPE)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 (open until the process ends)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def _not_written(parser: Parser, error: OSError) -> int:
    """Return the exit code after an output that could not be written; Python must not write the rest when it exits."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # the reader has closed it
        return OK
    return _fail(parser, FAILED, f"{error.filename or 'standard output'}: {error.strerror or error}")


def build_parser(environ: Mapping[str, str]) -> Parser:
    """Return the parser of `xray-operator`."""
    parser = Parser(prog=PROGRAM, description="Syncs sampling rules and groups to AWS X-Ray.")
    commands = _commands(parser, environ)
    for family in (cluster, export, plan, explain):
        family.add_commands(commands, environ)
    text = "print the script that completes this command line in a shell"
    sub = commands.add_parser("completion", help=text, description=text)
    sub.set_defaults(command=_completion, region=None, endpoint=None)
    sub.add_argument("shell", choices=tuple(completion.SCRIPTS))
    return parser


def build_kubectl_parser(environ: Mapping[str, str]) -> Parser:
    """Return the parser of `kubectl xray`."""
    parser = Parser(prog=kubectl.PROGRAM, description="Compares a cluster's sampling rules and groups with AWS X-Ray.")
    kubectl.add_commands(_commands(parser, environ), environ)
    return parser


def _commands(parser: Parser, environ: Mapping[str, str]) -> Any:
    colour = sys.stdout.isatty() and not environ.get("NO_COLOR")  # https://no-color.org
    parser.set_defaults(program=parser.prog, colour=colour)
    parser.add_argument("--version", action="version", version=f"{parser.prog} {metadata.version(PROGRAM)}")
    return parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)


def _completion(options: argparse.Namespace, _: Connect) -> int:
    print(completion.script(options.shell, PROGRAM), end="")
    return OK


def _fail(parser: Parser, code: int, *lines: str) -> int:
    for line in lines:
        print(f"{parser.prog}: {line}", file=sys.stderr)
    return code
