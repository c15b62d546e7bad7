"""Draws traces in a terminal: one line for a summary, a waterfall for a trace. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.page.frame import formats
from xray_local.page.listing.lines import summary_flags
from xray_local.page.trace.rows import WIRES, wire_counts
from xray_local.traces.waterfall import Row, Waterfall, waterfall
from xray_model import to_w3c

BAR = 32  # characters of the time axis
NAME = 44  # characters of the names' column
WIRES_WIDTH = max(map(len, WIRES.values()))
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
    """Return the waterfall of a trace: a line for each row, with its annotations below it."""
    tree = waterfall(bodies)
    head = f"trace {trace_id} = {to_w3c(trace_id)}"
    counts = (f"{count.rows:,} {count.label}" for count in wire_counts(tree.rows))
    rows = f"{formats.count(len(tree.rows), 'row')}: {', '.join(counts)}"
    lines = [_style(head, _BOLD, colour), f"{formats.duration(tree.duration)}, {rows}"]
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
    tint = _RED if flags else _YELLOW if "segments" in row.wires else _BLUE
    bar = _style(_bar(row, tree), tint, colour)
    drawn = f"{name:{NAME}} {bar} {took:>9}  {WIRES[row.wires]:{WIRES_WIDTH}} {row.kind} {' '.join(flags)}".rstrip()
    pairs = ", ".join(f"{key}={value}" for key, value in row.body.own_annotations.items())
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
