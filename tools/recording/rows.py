"""The rows that a recording leaves on the terminal, and the progress texts that were overwritten."""

import re
from dataclasses import dataclass, field

from tools.recording.cast import Cast

_TOKEN = re.compile(r"\x1b\[([\d;?]*)([A-Za-z])|\x1b[()].|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style in a row: `style` has the parameters of its escape sequences, sorted."""

    column: int
    text: str
    style: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the second in which it was complete."""

    at: float
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """A text that stood in row `number` from second `at` to second `until`, and was then overwritten."""

    number: int
    at: float
    until: float
    runs: tuple[Run, ...]


@dataclass(slots=True)
class _Terminal:
    columns: int
    rows: list[Row] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    now: float = 0.0
    _cells: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    _column: int = 0
    _since: float = 0.0
    _style: tuple[str, ...] = ()

    def write(self, text: str) -> None:
        for token in _TOKEN.finditer(text):
            if token[2] == "m":
                self._set_style(token[1])
            elif token[2] == "K":
                self._erase()
            elif token[0] == "\n":
                self._end_row()
            elif token[0] == "\r":
                self._column = 0
            elif token[0].isprintable():
                self._put(token[0])

    def _set_style(self, parameters: str) -> None:
        if parameters in {"", "0"}:
            self._style = ()
        else:
            colour = re.search(r"38;5;\d+", parameters)
            rest = re.sub(r"38;5;\d+;?", "", parameters).split(";")
            self._style = tuple(sorted({*self._style, *filter(None, rest), *([colour[0]] if colour else [])}))

    def _erase(self) -> None:
        if self._cells and self._column == 0:
            self.progress.append(Progress(len(self.rows), self._since, self.now, _runs(self._cells)))
        del self._cells[self._column :]

    def _end_row(self) -> None:
        self.rows.append(Row(self.now, _runs(self._cells)))
        self._cells, self._column = [], 0

    def _put(self, character: str) -> None:
        if self._column == self.columns:
            self._end_row()
        if not self._cells:
            self._since = self.now
        self._cells[self._column : self._column + 1] = [(character, self._style)]
        self._column += 1


def _runs(cells: list[tuple[str, tuple[str, ...]]]) -> tuple[Run, ...]:
    """Return the runs of a row, without the spaces around them, which have no colour."""
    found: list[Run] = []
    for column, (character, style) in enumerate(cells):
        if found and found[-1].style == style and found[-1].column + len(found[-1].text) == column:
            found[-1] = Run(found[-1].column, found[-1].text + character, style)
        else:
            found.append(Run(column, character, style))
    stripped = [Run(run.column + len(run.text) - len(run.text.lstrip()), run.text.strip(), run.style) for run in found]
    return tuple(run for run in stripped if run.text)


def played(cast: Cast) -> tuple[list[Row], list[Progress]]:
    """Return the rows and the progress texts of a recording."""
    terminal = _Terminal(cast.columns)
    for terminal.now, text in cast.output:
        terminal.write(text)
    return terminal.rows, terminal.progress
