"""Parses the command line, runs the command, and turns errors into one line and an exit code."""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from xray_operator.aws.boto_gateway import connect
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.cli import cluster, explain, export, plan
from xray_operator.cli.options import FAILED, INTERRUPTED, OK, USAGE, Command, Parser, UsageError
from xray_operator.manifests.load import ManifestError
from xray_operator.settings import SettingsError


def main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    connect: Callable[[str | None, str | None], Gateway] = connect,
) -> int:
    """Run the command line and return the exit code; `connect` returns the gateway of a region and an endpoint."""
    environ = os.environ if environ is None else environ
    _use_utf8()
    try:
        options = _parser(environ).parse_args(arguments)
        command: Command = options.command
        return command(options, lambda: connect(options.region, options.endpoint))
    except (UsageError, SettingsError) as error:
        return _fail(USAGE, str(error))
    except ManifestError as error:
        return _fail(FAILED, *error.problems)
    except GatewayError as error:
        return _fail(FAILED, error.message)
    except BrokenPipeError:  # the reader of our output has closed it
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "interrupted")


def _use_utf8() -> None:
    """Read and write UTF-8 in every locale, as manifests and AWS do."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")


def _parser(environ: Mapping[str, str]) -> Parser:
    parser = Parser(prog="xray-operator", description="Syncs sampling rules and groups to AWS X-Ray.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for family in (cluster, export, plan, explain):
        family.add_commands(commands, environ)
    return parser


def _fail(code: int, *lines: str) -> int:
    for line in lines:
        print(f"xray-operator: {line}", file=sys.stderr)
    return code
