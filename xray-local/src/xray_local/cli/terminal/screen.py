"""A terminal: how wide it is, whether it shows colours, and texts that fit into its columns."""

import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

WIDTH_MIN = 40  # columns; a narrower terminal breaks the lines itself
_ZERO_WIDTH = {"Mn", "Me"}  # categories of characters that are drawn on the one before
_END = "\033[0m"


class Style(StrEnum):
    """How a text is drawn, as the parameters of the escape sequence."""

    BOLD = "1"
    QUIET = "2"
    FAULT = "31"
    WARNING = "33"
    GOOD = "32"


# Indexed colours near those of the page's ten classes, legible on white and on black; red is for failures only.
_SERVICES = ("63", "30", "166", "133", "64", "168", "32", "136", "97", "66")


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a command writes: `width` in columns, whether it is a terminal, and whether that shows colours."""

    width: int
    terminal: bool = True
    colour: bool = True

    def style(self, text: str, *styles: str) -> str:
        """Return the text with the styles that are not empty."""
        codes = ";".join(filter(None, styles))
        return f"\033[{codes}m{text}{_END}" if self.colour and codes and text else text


def screen(stream: TextIO, environ: Mapping[str, str]) -> Screen:
    """Return what a stream is written to: colours need a terminal that is not dumb, and no NO_COLOR."""
    terminal = stream.isatty()
    width = environ.get("COLUMNS", "")
    columns = int(width) if width.isascii() and width.isdigit() else shutil.get_terminal_size().columns
    return Screen(
        width=max(WIDTH_MIN, columns),
        terminal=terminal,
        colour=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
    )


class Colours:
    """The colour of each service: the page's classes, in the order in which services are first drawn."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def style(self, service: str) -> str:
        """Return the style of a service."""
        number = self._numbers.setdefault(service, len(self._numbers))
        return f"38;5;{_SERVICES[number % len(_SERVICES)]}"


def printable(text: str) -> str:
    """Return a recorded text without what could control the terminal: unprintable characters are replaced."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def cells(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cut(text: str, width: int) -> str:
    """Return a text of at most that many columns; a longer one ends in an ellipsis."""
    if cells(text) <= width:
        return text
    taken, used = [], 1
    for character in text:
        used += _cells(character)
        if used > width:
            break
        taken.append(character)
    return "".join(taken) + "…" if width > 0 else ""


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text cut and filled with spaces to that many columns, on the left if it stands on the right."""
    shown = cut(text, width)
    space = " " * (width - cells(shown))
    return space + shown if right else shown + space
