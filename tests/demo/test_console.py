"""What the demo prints of its checks."""

import pytest

from demo import console
from demo.checks import Check


def test_passed_checks_are_one_paragraph_and_each_failure_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure stands out, with the actual and the expected value."""
    monkeypatch.setenv("COLUMNS", "40")
    checks = [Check("one trace id", passed=True), Check("two wires", passed=False, missing="1, expected 2")]
    console.verdicts([*checks, Check("the page responds", passed=True)])
    assert capsys.readouterr().out.splitlines() == [
        "ok  one trace id · the page responds",
        "FAILED  two wires: 1, expected 2",
    ]


@pytest.mark.parametrize(("part", "filled"), [(0.0, 0), (0.5, 15), (1.0, 30)])
def test_a_bar_is_filled_to_the_share(part: float, filled: int) -> None:
    """Its width stays the same."""
    assert console.bar(part) == "█" * filled + "░" * (30 - filled)
