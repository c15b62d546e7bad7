"""The list of traces: a table as wide as the terminal, or a line for each trace."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xray_local.cli.terminal.screen import Colours, Screen, Style, cells, cut, padded, printable
from xray_local.page.frame import formats
from xray_local.page.listing.lines import Scale, TraceLine, reason, summary_flags, trace_lines

ID_DIGITS = 8  # the fewest of a short id
STARTED, TOOK, BAR, RESULT = 8, 8, 8, 8  # columns
WIDE = 100  # columns from which on there are bars and services
SERVICES_SHARE = 0.45  # of what the other columns leave
SCALE = Scale(0.001, 10.0)  # seconds at both ends of a bar
ARROW = "→"
BAR_STEPS = " ▏▎▍▌▋▊▉█"


def line(summary: Mapping[str, Any]) -> str:
    """Return the line of a TraceSummary shape: id, start, duration, flags, request."""
    flags = summary_flags(summary)
    http = summary.get("Http", {})
    request = f"{http.get('HttpMethod', '')} {http.get('HttpURL', '')} {http.get('HttpStatus', '')}".strip()
    when = formats.iso(summary["StartTime"]) if "StartTime" in summary else ""
    took = formats.duration(summary["Duration"])
    return printable(f"{summary['Id']}  {when}  {took:>8}  {','.join(flags) or 'ok':8}  {request}")


def short_ids(trace_ids: Sequence[str]) -> dict[str, str]:
    """Return the last digits of each trace id, as many as make all of them different."""
    digits = {trace_id: trace_id.replace("-", "") for trace_id in trace_ids}
    lengths = range(ID_DIGITS, 33)
    length = next(
        (length for length in lengths if len({text[-length:] for text in digits.values()}) == len(digits)), 33
    )
    return {trace_id: text[-length:] for trace_id, text in digits.items()}


class Table:
    """A table of traces for one screen; services get their colours in the order in which they are drawn."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._colours = Colours()
        self._is_wide = screen.width >= WIDE
        columns = [STARTED, TOOK, *([BAR] if self._is_wide else []), RESULT, ID_DIGITS]
        rest = screen.width - sum(columns) - len(columns) - (1 if self._is_wide else 0)
        self._services = int(rest * SERVICES_SHARE) if self._is_wide else 0
        self._request = rest - self._services

    def head(self) -> str:
        """Return the titles of the columns."""
        titles = self._joined(
            padded("STARTED", STARTED),
            padded("TOOK", TOOK, right=True),
            " " * BAR,
            padded("RESULT", RESULT),
            padded("REQUEST", self._request),
            padded("SERVICES", self._services),
            "ID",
        )
        return self._screen.style(titles, Style.QUIET)

    def rows(self, summary: Mapping[str, Any], short_id: str) -> Iterator[str]:
        """Yield the line of a TraceSummary shape, and another one with the reason if it failed."""
        (trace,) = trace_lines([summary], now=0.0, scale=SCALE)
        style = _result_style(trace)
        request = padded(printable(f"{trace.method} {trace.path}".strip()), self._request)
        yield self._joined(
            self._screen.style(padded(formats.clock(trace.started)[:STARTED], STARTED), Style.QUIET),
            padded(formats.duration(trace.duration), TOOK, right=True),
            self._screen.style(_bar(trace.place), style),
            self._screen.style(padded(_result(trace), RESULT), style),
            self._screen.style(request, Style.BOLD),
            self._service_names(trace.services),
            self._screen.style(short_id, Style.QUIET),
        )
        why = reason(summary)
        if why.what:
            indent = self._screen.width - self._request - self._services - ID_DIGITS - (2 if self._is_wide else 1)
            text = cut(printable(f"{why.text} {why.message}".rstrip()), self._screen.width - indent)
            yield " " * indent + self._screen.style(text, style)

    def _joined(self, started: str, took: str, bar: str, result: str, request: str, services: str, id_: str) -> str:
        wide = [started, took, bar, result, request, services, id_]
        narrow = [started, took, result, request, id_]
        return " ".join(wide if self._is_wide else narrow)

    def _service_names(self, names: Sequence[str]) -> str:
        """Return the names in their colours, with arrows between them, in the width of the column."""
        parts: list[str] = []
        left = self._services
        for place, name in enumerate(map(printable, names)):
            shown = cut(f"{ARROW if place else ''}{name}", left)
            left -= cells(shown)
            parts.append(self._screen.style(shown, self._colours.style(name)))
        return "".join(parts) + " " * left


def _result(trace: TraceLine) -> str:
    failed = trace.marks != ("ok",)
    text = str(trace.status or (trace.marks[0] if failed or not trace.partial else "…"))
    return f"{text} ✗" if failed else text


def _result_style(trace: TraceLine) -> str:
    if "fault" in trace.marks:
        return Style.FAULT
    return Style.GOOD if trace.marks == ("ok",) else Style.WARNING


def _bar(place: float) -> str:
    """Return a bar as long as the place of a duration on the scale, in percent."""
    whole, rest = divmod(max(1, round(place / 100 * BAR * 8)), 8)
    return padded("█" * whole + BAR_STEPS[rest].strip(), BAR)
