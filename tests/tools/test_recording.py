"""The moving picture of a terminal: recorded, paced, drawn; and the committed one of the demo."""

import ast
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.provide import ROOT
from tools.recording.cast import Cast, RecordingError, record
from tools.recording.pace import paced
from tools.recording.rows import Progress, Row, Run, played
from tools.recording.svg import THEMES, draw

DEMO = ROOT / "docs/images/demo"
LARGEST = 60_000  # bytes


@pytest.fixture(scope="module")
def demo() -> Cast:
    """Return the committed recording."""
    return Cast.parse(DEMO.with_suffix(".cast").read_text())


def test_a_command_is_recorded_in_a_terminal_with_its_times() -> None:
    """A character that arrives in two pieces is whole."""
    cast = record(r"test -t 1 && printf '\342'; sleep 0.2; printf '\226\210\n'")
    assert "".join(text for _, text in cast.output) == "█\r\n"
    assert 0.2 < cast.output[-1][0] < 10
    assert Cast.parse(str(cast)).command == cast.command


def test_a_command_that_fails_is_named_with_its_output() -> None:
    """No picture of an error by mistake."""
    with pytest.raises(RecordingError, match=r"^echo none; exit 3 exited with 3: none"):
        record("echo none; exit 3")


def test_a_file_of_another_format_is_an_error() -> None:
    with pytest.raises(RecordingError, match="not an asciicast"):
        Cast.parse("<svg/>")


def test_rows_have_styles_and_overwritten_texts_are_progress() -> None:
    """A long row continues in the next one."""
    cast = Cast("x", 6, ((0.5, "\x1b[1;38;5;63mab\x1b[0m  c\r\n"), (1.0, "1 %"), (2.0, "\r\x1b[K12345678\r\n")))
    rows, progress = played(cast)
    assert rows == [
        Row(0.5, (Run(0, "ab", ("1", "38;5;63")), Run(4, "c"))),
        Row(2.0, (Run(0, "123456"),)),
        Row(2.0, (Run(0, "78"),)),
    ]
    assert progress == [Progress(1, 1.0, 2.0, (Run(0, "1 %"),))]


def test_waits_are_shortened_and_a_step_can_be_read() -> None:
    """A minute becomes less than a second; the text after an empty row waits for its reader."""
    runs = (Run(0, "text"),)
    progress = [Progress(3, 60.15 + number / 10, 60.25 + number / 10, runs) for number in range(100)]
    end = Row(progress[-1].until, runs)
    rows, some = paced([Row(60.0, runs), Row(60.0, ()), Row(60.1, runs), end], progress)
    assert [row.at for row in rows] == pytest.approx([0.8, 0.8, 3.0, 4.85])
    assert len(some) == 5
    assert all(text.at < text.until for text in some)
    assert some[-1].until == rows[-1].at


def test_text_stays_text_and_moves_without_a_script() -> None:
    """What a command writes is text and not markup."""
    drawn = draw(
        Cast("echo '<&>'", 20, ((0.1, "\x1b[32m<&>\x1b[0m\r\n"), (0.2, "10 %"), (9, "\r\x1b[Kend\r\n"))), THEMES["dark"]
    )
    picture = ET.fromstring(drawn)
    assert ["".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")] == [
        "$echo '<&>'",
        "<&>",
        "end",
        "10 %",
    ]
    assert "script" not in drawn
    assert "@media (prefers-reduced-motion:no-preference)" in drawn
    assert 'class="x32"' in drawn
    assert ".x32{fill:#56d364}" in drawn


@pytest.mark.parametrize("theme", THEMES)
def test_the_committed_picture_is_that_of_the_recording(theme: str, demo: Cast) -> None:
    """`python -m tools.recording docs/images/demo` draws it again."""
    text = Path(f"{DEMO}-{theme}.svg").read_text()
    assert text == draw(demo, THEMES[theme])
    assert len(text.encode()) < LARGEST


def headings() -> Iterator[str]:
    """Yield the headings of the demo's steps as patterns."""
    for node in ast.walk(ast.parse((ROOT / "demo/steps.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "console.heading":
            text = node.args[0]
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)


def test_the_recording_is_of_the_present_demo(demo: Cast) -> None:
    """`make recording` records it again when the output has changed."""
    rows = ["".join(run.text for run in row.runs) for row in played(demo)[0]]
    assert [heading for heading in headings() if not any(re.fullmatch(heading, row) for row in rows)] == []
    assert re.fullmatch(r"all 18 checks passed in \d+ s", rows[-1])
