"""The commands of `xray-local`: `serve` runs the process; all others are clients of its API.

Wrong usage, a port in use, an unusable file, an unreachable endpoint: one line on standard error, exit 2. `check` exits
1 if the trace is incomplete, `put` if a document was refused.
"""

import argparse
import asyncio
import gc
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from xray_local.errors import CheckError, StartError, UsageError
from xray_local.settings import FIELDS, MEMORY, Addresses, Field, Settings, SettingsError, read

DEFAULT_ENDPOINT = "http://127.0.0.1:8900"
_ESCAPE = "backslashreplace"  # for file names that are not UTF-8


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse unknown arguments here: the parser of a command names its own help, argparse the program's."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unknown arguments: {' '.join(unknown)}")
        return options, unknown


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(_version())
        parser.exit()


def _version() -> str:
    from importlib.metadata import version  # two megabytes, which the server does not need

    return f"xray-local {version('xray-local')}"


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command line and return the exit code."""
    environ = os.environ if environ is None else environ
    arguments = sys.argv[1:] if arguments is None else arguments
    _prepare_streams()
    try:
        options = build_parser(environ, is_server=list(arguments[:1]) == ["serve"]).parse_args(arguments)
        command: Any = options.command
        code = int(command(options, environ))
        sys.stdout.flush()
    except (UsageError, SettingsError, StartError) as error:
        print(f"xray-local: {error}", file=sys.stderr)
        return 2
    except CheckError as error:
        print(f"xray-local: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        return _not_written(error)
    except KeyboardInterrupt:
        return 130
    return code


def _prepare_streams() -> None:
    """Open standard streams that are closed, as by `>&-`, and use UTF-8 in every locale."""
    for name, mode, errors in (("stdin", "r", "strict"), ("stdout", "w", _ESCAPE), ("stderr", "w", _ESCAPE)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 (open until the process ends)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def _not_written(error: OSError) -> int:
    """Return the exit code after an output that could not be written; Python must not write the rest when it exits."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # the reader has closed it
        return 0
    print(f"xray-local: {error.filename or 'standard output'}: {error.strerror or error}", file=sys.stderr)
    return 2


def build_parser(environ: Mapping[str, str], *, is_server: bool = False) -> argparse.ArgumentParser:
    """Return the parser of all commands, or of `serve` only: the server does not need the modules of the others."""
    parser = _Parser(prog="xray-local", description="AWS X-Ray on one machine.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    serves = commands.add_parser("serve", help="serve the API, the page, the agent's ports and OTLP")
    for field in FIELDS:
        serves.add_argument(field.option, dest=field.name, help=_help(field))
    serves.set_defaults(command=_serve)
    if not is_server:
        _add_clients(commands, environ)
    return parser


def _add_clients(commands: "argparse._SubParsersAction[_Parser]", environ: Mapping[str, str]) -> None:
    from xray_local.cli import admin, check, listing, put, showing

    endpoint = environ.get("AWS_ENDPOINT_URL_XRAY") or DEFAULT_ENDPOINT
    common = _Parser(add_help=False)
    common.add_argument("--endpoint", default=endpoint, help=f"the address of the API (default: {endpoint})")
    for module in (listing, showing, put, check, admin):
        module.add(commands, common)


def _help(field: Field) -> str:
    return f"{field.help} ({field.variable}; default: {field.default or 'none'})"


def _serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    with _no_certificates():
        from xray_local.app import serve  # the server takes a second to import, which no client needs

    settings = read({field.name: getattr(options, field.name) for field in FIELDS}, environ)
    # Ingest creates many small objects without cycles: collecting cycles less often saves a tenth of its time.
    gc.set_threshold(50_000, 20, 50)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)

    def ready(addresses: Addresses) -> None:
        print(ready_line(addresses), flush=True)
        if sys.stdout.isatty():
            print(welcome(addresses, settings), flush=True)

    asyncio.run(serve(settings, ready))
    return 0


@contextmanager
def _no_certificates() -> Iterator[None]:
    """Keep aiohttp from reading the system's certificates when it is imported: they are for its client, unused here."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    former = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name, value in former.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def ready_line(addresses: Addresses) -> str:
    """Return the line by which programs find what listens where."""
    at = addresses.at
    line = f"ready api=http://{at(addresses.api)} agent={at(addresses.agent)} otlp=http://{at(addresses.otlp)}"
    return line if addresses.grpc is None else f"{line} grpc={at(addresses.grpc)}"


def welcome(addresses: Addresses, settings: Settings) -> str:
    """Return the same for the user of a terminal, and what is stored where."""
    at = addresses.at
    page = f"localhost:{addresses.api}" if addresses.is_any else at(addresses.api)
    grpc = "" if addresses.grpc is None else f", gRPC {at(addresses.grpc)}"
    place = "in memory" if settings.db == MEMORY else f"in {settings.db}"
    lines = [
        _version(),
        f"  page         http://{page}",
        f"  X-Ray SDKs   {at(addresses.agent)} (UDP and TCP)",
        f"  OTLP         http://{at(addresses.otlp)}{grpc}",
        f"  stored       {place}, the last {settings.max_traces:,} traces",
        "",
        "Nothing to send yet? `xray-local example` sends a trace. Ctrl-C stops.",
    ]
    return "\n".join(lines)
