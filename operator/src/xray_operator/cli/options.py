"""What the commands share: exit codes, the parser, and the options of every command that uses AWS."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, TypeAlias

from xray_operator import settings
from xray_operator.aws.gateway import Gateway
from xray_operator.manifests.load import load
from xray_operator.manifests.manifest import Manifest

OK, FAILED, DIFFERS, USAGE, INTERRUPTED = 0, 1, 2, 64, 130
_COLOURS = {"+": 32, "*": 32, "~": 33, "±": 33, ">": 36, "<": 36, "-": 31, "!": 31}  # of the terminal, by mark
Connect: TypeAlias = Callable[[], Gateway]
Command: TypeAlias = Callable[[argparse.Namespace, Connect], int]


class UsageError(Exception):
    """The command line is wrong; the text is one line."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help)")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse unknown arguments here: the parser of a command names its own help, argparse the program's."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unknown arguments: {' '.join(unknown)}")
        return options, unknown


def aws_options(environ: Mapping[str, str], names: Sequence[str] = ("cluster_id", "region", "endpoint")) -> Parser:
    """Return a parent parser with the options, and some settings, of the commands that use AWS."""
    parser = Parser(add_help=False)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="default: text")
    for name in names:
        add_setting(parser, name, environ)
    return parser


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that select manifests."""
    parser.add_argument("-f", "--file", action="append", default=[], help="a file, a folder, or - (repeatable)")
    parser.add_argument("-R", "--recursive", action="store_true", help="also the files in folders of a folder")
    parser.add_argument("--strict", action="store_true", help="reject objects of other API groups instead of skipping")


def load_files(options: argparse.Namespace) -> list[Manifest]:
    """Load the selected manifests; what is skipped is reported on standard error."""
    report = partial(note, options)
    return load(options.file, sys.stdin.read, strict=options.strict, recursive=options.recursive, report=report)


def note(options: argparse.Namespace, line: str) -> None:
    """Print a line for the user that is not part of the output."""
    print(f"{options.program}: {line}", file=sys.stderr)


def add_setting(parser: argparse.ArgumentParser, name: str, environ: Mapping[str, str]) -> None:
    """Add the option of a setting; SettingsError when an invalid option or variable is parsed."""
    setting = settings.BY_NAME[name]
    default = environ.get(setting.variable) or setting.default

    def parse(text: str) -> Any:  # argparse parses the default, too, if it is used
        return settings.parse(setting, text, setting.variable if text == default else setting.option)

    parser.add_argument(setting.option, type=parse, default=default, help=settings.help_text(setting, environ))


def show(options: argparse.Namespace, lines: Sequence[str], data: Any) -> None:
    """Print lines, or the data with `-o json`."""
    print(json.dumps(data, indent=2) if options.output == "json" else "\n".join(paint(options, line) for line in lines))


def paint(options: argparse.Namespace, line: str) -> str:
    """Return a line, on a terminal in the colour of its mark."""
    colour = _COLOURS.get(line[:1]) if options.colour else None
    return line if colour is None else f"\x1b[{colour}m{line}\x1b[0m"
