"""`xray-local show ID`: one trace as a drawing, as JSON or as Markdown."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.cli import client
from xray_local.cli.terminal.screen import screen
from xray_local.cli.terminal.trace_view import Shown, draw
from xray_local.errors import UsageError
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.markdown import markdown
from xray_local.page.trace.rows import row_json
from xray_local.traces.waterfall import waterfall
from xray_model import to_w3c


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to a parser."""
    show = commands.add_parser("show", parents=[common], help="draw one trace")
    show.add_argument("trace_id", metavar="ID", help="a trace id of either form, or its last digits")
    show.add_argument("--all", action="store_true", help="every row by itself, with annotations and notes")
    show.add_argument("--errors", action="store_true", help="only the rows that failed, and those above them")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the rows as JSON, which `put` reads")
    form.add_argument("--markdown", action="store_true", help="print Markdown, for an issue or a language model")
    show.set_defaults(command=run)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print a trace."""
    trace_id = client.trace_id(options.endpoint, options.trace_id)
    bodies = client.documents(options.endpoint, trace_id)
    if not bodies:
        raise UsageError(f"trace {trace_id} is not stored at {options.endpoint}")
    trace = AnalysedTrace(waterfall(bodies))
    if options.json:
        print(json.dumps(_json(trace, trace_id), indent=2))
    elif options.markdown:
        print(markdown(trace, trace_id), end="")
    else:
        _draw(trace, environ, Shown(everything=options.all, errors=options.errors))
        print(client.address(options.endpoint, f"traces/{trace_id}"))
    return 0


def print_trace(bodies: Iterable[Mapping[str, Any]], environ: Mapping[str, str]) -> None:
    """Draw a trace on standard output."""
    _draw(AnalysedTrace(waterfall(bodies)), environ, Shown())


def _draw(trace: AnalysedTrace, environ: Mapping[str, str], shown: Shown) -> None:
    for line in draw(trace, screen(sys.stdout, environ), shown):
        print(line)


def _json(trace: AnalysedTrace, trace_id: str) -> dict[str, Any]:
    """Return the trace as at its address on the page, with all rows."""
    rows = [row_json(trace, place) for place in range(len(trace.rows))]
    ids = {"trace_id": trace_id, "w3c_trace_id": to_w3c(trace_id)}
    return ids | {"start": trace.tree.start, "duration": trace.tree.duration, "total": len(rows), "rows": rows}
