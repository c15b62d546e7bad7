"""The reference of the command lines: docs/cli.md.

It is made of the parsers, not of their help texts, whose form depends on the version of Python.
"""

import argparse
from collections.abc import Iterator, Sequence

from xray_local.cli.command_line import build_parser as build_xray_local_parser
from xray_operator.cli.main import build_kubectl_parser, build_parser

_HEAD = """# Command lines

Every command and option, generated from the parsers by `make generate`; do not edit. Defaults are those of an empty
environment. Each command has `--help`.

What the commands are for: [xray-local](../xray-local/README.md), [xray-operator and kubectl
xray](../operator/README.md), [`xray-operator run`](operator.md)."""


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each program that a user types."""
    found = (build_xray_local_parser({}), build_parser({}), build_kubectl_parser({}))
    return {parser.prog: parser for parser in found}


def render() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for program, parser in parsers().items():
        parts += [f"## {program}", parser.description or ""]
        for names, text, command in _commands(parser):
            parts += [f"### {program} {names[0]}", _sentence(names, text), *_table(command)]
    return "\n\n".join(parts) + "\n"


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[list[str], str, argparse.ArgumentParser]]:
    """Yield the names, the help and the parser of each command; the first name is not an alias."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                command = action.choices[choice.dest]
                names = [name for name, other in action.choices.items() if other is command]
                yield names, choice.help or "", command


def _sentence(names: Sequence[str], text: str) -> str:
    aliases = "".join(f" Alias: `{name}`." for name in names[1:])
    return f"{text[:1].upper()}{text[1:]}.{aliases}"


def _table(parser: argparse.ArgumentParser) -> list[str]:
    rows = [f"| {_name(action)} | {_help(action)} |" for action in parser._actions if action.dest != "help"]
    return ["\n".join(["| argument | meaning |", "|---|---|", *rows])] if rows else []


def _name(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"`[{value}]`" if action.nargs == "?" else f"`{value}`"
    return ", ".join(f"`{option} {value}`" if value else f"`{option}`" for option in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.strip("_").upper()


def _help(action: argparse.Action) -> str:
    return ((action.help or "") % vars(action)).replace("|", "\\|")
