"""Draws one trace: what it was, why it failed, its rows with bars, and where the time went. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xray_local.cli.terminal.screen import Colours, Screen, Style, cells, cut, padded, printable
from xray_local.cli.terminal.trace_rows import ShownRow, shown_rows
from xray_local.page.frame import formats
from xray_local.page.trace.analysis import calls
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.header import head, sampled
from xray_local.page.trace.rows import wire_counts
from xray_local.traces.body import Wire
from xray_local.traces.flags import Flag

ROWS_MAX = 200  # unless everything is shown
NAME_MAX = 24  # columns of a service in the last line
NAME_SHARE = 0.45  # of the width, at most
TOOK, RESULT = 8, 5  # columns
WORK, WAIT, CALL = "█", "▒", "░"  # a row at work, what it waited for below it, a call on its way to its answer and back
MARKS: dict[tuple[Wire, ...], str] = {("segments",): "■", ("otlp",): "●", ("segments", "otlp"): "◆"}
LEGEND = "■ X-Ray  ● OpenTelemetry  ◆ both"


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a trace is drawn: every row by itself with its annotations and notes, or only rows that failed."""

    everything: bool = False
    errors: bool = False


def draw(trace: AnalysedTrace, screen: Screen, shown: Shown = Shown()) -> Iterator[str]:
    """Yield the lines of a trace that has at least one row."""
    yield from _head(trace, screen)
    drawing = _Drawing(trace, screen, shown)
    yield from drawing.lines()
    yield from _foot(trace, screen)


def _head(trace: AnalysedTrace, screen: Screen) -> Iterator[str]:
    """Yield what the trace was, when and how large, and why it failed."""
    found, rule = head(trace), sampled(trace)
    result = str(found.status or next(iter(found.flags), "ok"))
    rest = f"  {result}  {formats.duration(found.duration)}{' so far' if found.in_progress else ''}"
    title = cut(printable(f"{found.method} {found.host}{found.path}".strip()), max(1, screen.width - cells(rest)))
    style = _flag_style(found.flags[0]) if found.flags else Style.GOOD
    yield screen.style(title, Style.BOLD) + screen.style(rest, style)
    wires = (f"{count.rows:,} {count.label}" for count in wire_counts(trace.rows))
    facts = [
        f"{formats.iso(found.start)[:19].replace('T', ' ')} UTC",
        f"{formats.count(len(trace.rows), 'row')}: {', '.join(wires)}",
        formats.count(len({calls.service(row.entry) for row in trace.rows}), "service"),
        *([f"rule {rule.rule}"] if rule else []),
    ]
    yield screen.style(cut(printable("  ".join(facts)), screen.width), Style.QUIET)
    if trace.failure is not None:
        yield from _why(trace, screen)


def _why(trace: AnalysedTrace, screen: Screen) -> Iterator[str]:
    """Yield why the trace failed, and where it began."""
    failure = trace.failure
    assert failure is not None
    style = _flag_style(failure.flag)
    if failure.exception is not None:
        first = trace.rows[failure.exception].body.exceptions[0]
        text = f"✗ {first.type}: {first.message}"
        yield screen.style(cut(printable(text), screen.width), style)
    way = " → ".join(failure.services)
    handled = "" if failure.client else " (handled)"
    others = f", and {failure.others} more" if failure.others else ""
    text = f"{way}: {trace.label(failure.origin).text}{handled}{others}"
    yield cut(
        printable(f"  in {text}" if failure.exception is not None else f"✗ {failure.flag} in {text}"), screen.width
    )


def _foot(trace: AnalysedTrace, screen: Screen) -> Iterator[str]:
    """Yield where the time went, for as many services as one line has room for, and a legend if there are two wires."""
    total = sum(trace.services.values()) or 1.0
    line = ""
    for name, own in trace.spent:
        part = f"{cut(printable(name), NAME_MAX)} {formats.duration(own)} {formats.percent(round(own / total, 2))}"
        if cells(line) + cells(part) + 3 > screen.width:
            break
        line += f"{' · ' if line else 'own time: '}{part}"
    yield screen.style(line, Style.QUIET)
    if len({row.wires for row in trace.rows}) > 1:
        yield screen.style(LEGEND, Style.QUIET)


def _flag_style(flag: Flag) -> str:
    return Style.FAULT if flag == Flag.FAULT else Style.WARNING


class _Drawing:
    """The rows of a trace in the columns of a screen."""

    def __init__(self, trace: AnalysedTrace, screen: Screen, shown: Shown) -> None:
        self._trace = trace
        self._screen = screen
        self._shown = shown
        self._colours = Colours()
        longest = int(screen.width * NAME_SHARE)
        found = shown_rows(trace, everything=shown.everything, errors=shown.errors, indent_max=longest // 4)
        self._rows = found if shown.everything else found[:ROWS_MAX]
        self._left = len(found) - len(self._rows)
        self._took = TOOK if all(row.end is not None for row in trace.rows) else len(formats.duration(None))
        self._name = min(longest, max((cells(self._label(row)) for row in self._rows), default=0))
        self._bar = screen.width - self._name - self._took - RESULT - 3

    def lines(self) -> Iterator[str]:
        """Yield the lines of the rows, and how many are left out."""
        for row in self._rows:
            yield self._line(row)
            if self._shown.everything:
                yield from self._details(row)
        if self._left:
            yield f"… and {formats.count(self._left, 'more row')}: --all shows them"

    def _label(self, row: ShownRow) -> str:
        return printable(f"{row.guide}{self._mark(row)}{self._trace.label(row.at_work).text}")

    def _mark(self, row: ShownRow) -> str:
        if not self._trace.origins.isdisjoint((row.place, row.at_work)):
            return "✗ "
        is_segment = self._trace.rows[row.at_work].entry.is_segment
        return f"{MARKS[self._trace.rows[row.at_work].wires]} " if is_segment else ""

    def _line(self, row: ShownRow) -> str:
        trace = self._trace
        flags = trace.failed.get(row.at_work) or trace.failed.get(row.place, ())
        service = self._colours.style(trace.at_work[row.at_work])
        is_origin = self._mark(row) == "✗ "
        style = _flag_style(flags[0]) if is_origin else service
        label = padded(self._label(row), self._name)
        guide, text = label[: len(row.guide)], label[len(row.guide) :]
        bold = Style.BOLD if trace.rows[row.at_work].entry.is_segment else ""
        took = padded(formats.duration(trace.rows[row.place].duration), self._took, right=True)
        parts = [
            self._screen.style(guide, Style.QUIET) + self._screen.style(text, style, bold),
            self._screen.style(self._bar_of(row), style),
            took,
            self._screen.style(self._result(row, flags), _flag_style(flags[0]) if flags else Style.QUIET),
        ]
        return " ".join(parts).rstrip()

    def _result(self, row: ShownRow, flags: Sequence[Flag]) -> str:
        """Return the status of a row that failed, or else its flag."""
        return cut(str(self._trace.rows[row.at_work].body.http.status or flags[0]), RESULT) if flags else ""

    def _bar_of(self, row: ShownRow) -> str:
        """Return the bar: where the row was at work, where it waited for rows below it, and for a call its way."""
        bar = [" "] * self._bar
        self._fill(bar, row.place, WORK if row.answer is None else CALL)
        if row.answer is not None:
            self._fill(bar, row.answer, WORK)
        for child in self._trace.places.children(row.at_work):
            self._fill(bar, child, WAIT, whole=True)
        return "".join(bar)

    def _fill(self, bar: list[str], place: int, character: str, *, whole: bool = False) -> None:
        """Draw the time of a row, at least one character; with `whole` only characters that are all within it."""
        places, tree = self._trace.places, self._trace.tree
        scale = self._bar / (tree.duration or 1.0)
        start, end = ((at[place] - tree.start) * scale for at in (places.start, places.end))
        first = min(self._bar - 1, max(0, math.ceil(start) if whole else int(start)))
        last = min(self._bar, int(end) if whole else max(first + 1, round(end)))
        for at in range(first, last):
            bar[at] = character if not whole or bar[at] != " " else " "

    def _details(self, row: ShownRow) -> Iterator[str]:
        """Yield the annotations of a row and what is odd about it."""
        found = self._trace.rows[row.place]
        indent = " " * (len(row.guide) + 2)
        pairs = ", ".join(f"{key}={formats.value(value)}" for key, value in found.body.own_annotations.items())
        for text in (*([pairs] if pairs else []), *found.notes):
            yield self._screen.style(cut(printable(f"{indent}{text}"), self._screen.width), Style.QUIET)
