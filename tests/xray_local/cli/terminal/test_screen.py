import io

import pytest

from xray_local.cli.terminal.screen import Colours, Screen, Style, cells, cut, padded, printable, screen


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {"COLUMNS": "120"}, Screen(120)),
        (Terminal(), {"COLUMNS": "120", "NO_COLOR": "1"}, Screen(120, colour=False)),
        (Terminal(), {"COLUMNS": "120", "NO_COLOR": ""}, Screen(120)),
        (Terminal(), {"COLUMNS": "120", "TERM": "dumb"}, Screen(120, colour=False)),
        (Terminal(), {"COLUMNS": "9"}, Screen(40)),
        (io.StringIO(), {"COLUMNS": "90"}, Screen(90, terminal=False, colour=False)),
    ],
)
def test_colours_need_a_terminal_that_shows_them(
    stream: io.StringIO, environ: dict[str, str], expected: Screen
) -> None:
    """NO_COLOR with any value turns them off; the width has a minimum."""
    assert screen(stream, environ) == expected


def test_a_screen_without_colours_has_no_escape_sequences() -> None:
    """Otherwise a text has all its styles."""
    assert Screen(80, colour=False).style("a", Style.BOLD, Style.FAULT) == "a"
    assert Screen(80).style("a", Style.BOLD, Style.FAULT) == "\033[1;31ma\033[0m"


def test_services_have_colours_in_the_order_of_their_first_use() -> None:
    """The same each time."""
    colours = Colours()
    first, second = colours.style("a"), colours.style("b")
    assert (colours.style("a"), first == second) == (first, False)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("注文を", 6, "注文を"),
        ("注文を", 5, "注文…"),
        ("注文を", 4, "注…"),
        ("ab", 0, ""),
    ],
)
def test_a_text_is_cut_by_the_columns_that_it_takes(text: str, width: int, shown: str) -> None:
    """Characters of East Asian scripts take two."""
    assert cut(text, width) == shown
    assert cells(padded(text, width)) == width


def test_combining_characters_take_no_column() -> None:
    """They are drawn on the one before."""
    assert cells("e\u0301") == 1


def test_what_could_control_the_terminal_is_replaced() -> None:
    """Escape sequences, line feeds, reordering and unpaired surrogates."""
    assert printable("a\x1b[2J\nb\u202ec\ud800") == "a�[2J�b�c�"
