"""Draws traces in a terminal: one line for a summary, a waterfall for a trace. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.page import formats
from xray_local.page.trace_list import summary_flags
from xray_local.page.trace_page import RECORDERS
from xray_local.traces.waterfall import Row, Waterfall, waterfall
from xray_model import to_w3c

BAR = 32  # characters of the time axis
NAME = 44  # characters of the names' column
ROWS_MAX = 500
_BLUE, _YELLOW, _RED, _BOLD, _END = "\033[36m", "\033[33m", "\033[31m", "\033[1m", "\033[0m"


def line(summary: Mapping[str, Any]) -> str:
    """Return the line of a TraceSummary shape: id, start, duration, flags, request."""
    flags = summary_flags(summary)
    http = summary.get("Http", {})
    request = f"{http.get('HttpMethod', '')} {http.get('HttpURL', '')} {http.get('HttpStatus', '')}".strip()
    when = formats.iso(summary["StartTime"]) if "StartTime" in summary else ""
    took = formats.duration(summary["Duration"])
    return _printable(f"{summary['Id']}  {when}  {took:>8}  {','.join(flags) or 'ok':8}  {request}")


def draw(trace_id: str, bodies: Iterable[Mapping[str, Any]], *, colour: bool) -> str:
    """Return the waterfall of a trace: a line for each row, with the X-Ray SDK's annotations below it."""
    tree = waterfall(bodies)
    recorders = {row.recorder for row in tree.rows}
    head = f"trace {trace_id} = {to_w3c(trace_id)}"
    names = " and ".join(RECORDERS[recorder] for recorder in sorted(recorders))
    lines = [_style(head, _BOLD, colour), f"{formats.duration(tree.duration)}, recorded by {names}"]
    for row in tree.rows[:ROWS_MAX]:
        lines += _row(row, tree, colour=colour)
    if len(tree.rows) > ROWS_MAX:
        lines.append(f"... and {len(tree.rows) - ROWS_MAX} more rows")
    return "\n".join(lines)


def _row(row: Row, tree: Waterfall, *, colour: bool) -> list[str]:
    indent = "  " * min(row.depth, 12)
    name = _printable(f"{indent}{row.name}")
    name = name if len(name) <= NAME else name[: NAME - 1] + "…"
    flags = row.body.flags
    took = formats.duration(row.duration)
    tint = _RED if flags else _BLUE if row.recorder == "otel" else _YELLOW
    bar = _style(_bar(row, tree), tint, colour)
    drawn = f"{name:{NAME}} {bar} {took:>9}  {RECORDERS[row.recorder]:13} {row.kind} {' '.join(flags)}".rstrip()
    annotations = {} if row.recorder == "otel" else row.body.object("annotations")
    pairs = ", ".join(f"{key}={value}" for key, value in annotations.items())
    return [drawn, _printable(f"{indent}  {pairs}")[:120]] if pairs else [drawn]


def _bar(row: Row, tree: Waterfall) -> str:
    seconds = tree.duration or 1.0
    start = min(BAR - 1, max(0, int((row.start - tree.start) / seconds * BAR)))
    length = max(1, min(BAR - start, round((row.duration or 0.0) / seconds * BAR)))
    return " " * start + "█" * length + " " * (BAR - start - length)


def _style(text: str, style: str, colour: bool) -> str:
    return f"{style}{text}{_END}" if colour else text


def _printable(text: str) -> str:
    # A name may contain anything; control characters would reach the terminal.
    return "".join(character if character.isprintable() else "�" for character in text)
