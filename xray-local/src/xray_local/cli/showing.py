"""`xray-local show ID`: draws one trace."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from xray_local.cli import client
from xray_local.cli.terminal.screen import screen
from xray_local.cli.terminal.trace_view import draw
from xray_local.errors import UsageError


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to a parser."""
    show = commands.add_parser("show", parents=[common], help="draw one trace")
    show.add_argument("trace_id", metavar="ID", help="1-8hex-24hex, 32 hex digits, or the last digits of a trace id")
    show.set_defaults(command=run)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Draw a trace."""
    trace_id = client.trace_id(options.endpoint, options.trace_id)
    bodies = client.documents(options.endpoint, trace_id)
    if not bodies:
        raise UsageError(f"trace {trace_id} is not stored at {options.endpoint}")
    print(draw(trace_id, bodies, colour=screen(sys.stdout, environ).colour))
    return 0
