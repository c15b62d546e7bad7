"""A recording as SVG that moves by CSS alone, so that it plays in an `<img>` without a script.

All rows are there from the beginning, below a cover that moves down as they appear; the whole moves up when the window
is full. Without motion (prefers-reduced-motion) it shows the end.
"""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.recording.cast import ROWS, Cast
from tools.recording.pace import paced
from tools.recording.rows import Progress, Row, Run, played

CELL, LINE, FONT = 8.4, 19, 14  # pixels
LEFT, TOP, BAR = 22, 14, 32
END_SECONDS = 6.0  # the end stays before the picture begins again


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a terminal, by the parameters of escape sequences."""

    background: str
    text: str
    border: str
    styles: Mapping[str, str]


THEMES = {
    "light": Theme(
        "#ffffff", "#1f2328", "#d1d9e0", {"2": "#59636e", "31": "#cf222e", "32": "#116329", "33": "#7d4e00"}
    ),
    "dark": Theme("#0d1117", "#e6edf3", "#3d444d", {"2": "#9198a1", "31": "#ff7b72", "32": "#56d364", "33": "#e3b341"}),
}


def draw(cast: Cast, theme: Theme) -> str:
    """Return the SVG of a recording."""
    rows, progress = paced(*played(cast))
    rows = [Row(0.0, (Run(0, "$", ("2",)), Run(2, cast.command, ("1",)))), *rows]
    progress = [Progress(text.number + 1, text.at, text.until, text.runs) for text in progress]
    width, height = round(2 * LEFT + cast.columns * CELL), BAR + 2 * TOP + ROWS * LINE
    title = html.escape(f"{cast.command} in a terminal")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{title}</title>",
            f"<style>{_style(theme, rows, progress)}</style>",
            f'<rect class="w" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>',
            *(f'<circle class="d" cx="{20 + 18 * number}" cy="18" r="5.5"/>' for number in range(3)),
            f'<svg y="{BAR + TOP}" width="{width}" height="{ROWS * LINE}"><g class="s">',
            *(_text(number, row.runs) for number, row in enumerate(rows) if row.runs),
            f'<rect class="c" x="1" width="{width - 2}" height="{len(rows) * LINE}"/>',
            *(_text(text.number, text.runs, f"p p{index}") for index, text in enumerate(progress)),
            "</g></svg>",
            "</svg>\n",
        ]
    )


def _text(number: int, runs: Iterable[Run], name: str = "") -> str:
    spans = "".join(map(_span, runs))
    attribute = f' class="{name}"' if name else ""
    return f'<text y="{number * LINE + FONT}"{attribute}>{spans}</text>'


def _span(run: Run) -> str:
    name = " ".join(map(_class, run.style))
    # Other fonts draw bars and lines of other widths: these keep their columns.
    length = "" if run.text.isascii() else f' textLength="{len(run.text) * CELL:g}" lengthAdjust="spacingAndGlyphs"'
    attribute = f' class="{name}"' if name else ""
    return f'<tspan x="{LEFT + run.column * CELL:g}"{attribute}{length}>{html.escape(run.text)}</tspan>'


def _class(parameter: str) -> str:
    return f"x{parameter.rpartition(';')[2]}"


def _style(theme: Theme, rows: Sequence[Row], progress: Sequence[Progress]) -> str:
    seconds = max(row.at for row in rows) + END_SECONDS
    runs = [run for text in (*(row.runs for row in rows), *(text.runs for text in progress)) for run in text]
    used = {parameter for run in runs for parameter in run.style}
    scrolled = _scrolled(len(rows))
    return "\n".join(
        [
            (
                f"text{{font:{FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
                f"fill:{theme.text};white-space:pre}}"
            ),
            f".w{{fill:{theme.background};stroke:{theme.border}}}.d{{fill:{theme.border}}}",
            f".c{{fill:{theme.background};transform:translateY({len(rows) * LINE}px)}}",
            f".s{{transform:translateY({-scrolled}px)}}.p{{visibility:hidden}}",
            *(f".{_class(parameter)}{{{_declaration(parameter, theme)}}}" for parameter in sorted(used)),
            "@media (prefers-reduced-motion:no-preference){",
            f".c,.s,.p{{animation:c {seconds:.2f}s step-end infinite}}.s{{animation-name:s}}",
            *(f".p{index}{{animation-name:p{index}}}" for index in range(len(progress))),
            "}",
            *_keyframes(rows, progress, seconds),
        ]
    )


def _declaration(parameter: str, theme: Theme) -> str:
    if parameter == "1":
        return "font-weight:bold"
    return f"fill:{theme.styles.get(parameter) or _indexed(int(parameter.rpartition(';')[2]))}"


def _indexed(number: int) -> str:
    """Return a colour of the cube of 216 colours that terminals with 256 colours have from 16 on."""
    levels = (0, 95, 135, 175, 215, 255)
    red, green, blue = (levels[(number - 16) // step % 6] for step in (36, 6, 1))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _scrolled(rows: int) -> int:
    return max(0, rows - ROWS) * LINE


def _keyframes(rows: Sequence[Row], progress: Sequence[Progress], seconds: float) -> Iterator[str]:
    shown = {row.at: number for number, row in enumerate(rows, 1)}  # the last row of a time
    covers = "".join(
        f"{_percent(at, seconds)}{{transform:translateY({count * LINE}px)}}" for at, count in shown.items()
    )
    yield f"@keyframes c{{{covers}}}"
    # A progress text is in the row after the last one.
    filled = shown | {text.at: max(text.number + 1, _before(shown, text.at)) for text in progress}
    moves = {at: _scrolled(count) for at, count in sorted(filled.items())}
    steps = "".join(f"{_percent(at, seconds)}{{transform:translateY({-move}px)}}" for at, move in moves.items())
    yield f"@keyframes s{{{steps}}}"
    for index, text in enumerate(progress):
        begin, end = _percent(text.at, seconds), _percent(text.until, seconds)
        yield f"@keyframes p{index}{{0%{{visibility:hidden}}{begin}{{visibility:visible}}{end}{{visibility:hidden}}}}"


def _before(shown: Mapping[float, int], at: float) -> int:
    return max(count for time, count in shown.items() if time <= at)


def _percent(at: float, seconds: float) -> str:
    return f"{at / seconds * 100:.2f}%"
