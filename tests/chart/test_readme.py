"""The chart's README has a line for each value."""

from pathlib import Path

import pytest

from tools.chart import readme, values
from tools.chart.values import Value

HAND_WRITTEN = f"# Title\n\n{readme.MARK}"


def test_each_group_has_a_table() -> None:
    """The text above the mark stays, and what is below is generated."""
    found = [Value("name", "", "A name."), Value("a.b", 1, "This | that."), Value("a.c", {"d": [None]}, "More.")]
    assert readme.render(f"{HAND_WRITTEN}old\n", found) == (
        f"{HAND_WRITTEN}\n"
        "| key | default | |\n|---|---|---|\n"
        '| `name` | `""` | A name. |\n'
        "\n### a\n\n"
        "| key | default | |\n|---|---|---|\n"
        "| `a.b` | `1` | This \\| that. |\n"
        '| `a.c` | `{"d": [null]}` | More. |\n'
    )


def test_a_readme_without_the_mark_is_refused() -> None:
    """Handwritten text is never overwritten."""
    with pytest.raises(values.ValuesError, match=r"README\.md has no line '<!-- What follows"):
        readme.render("# Title\n", [])


def test_an_outdated_readme_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says how to update it."""
    (tmp_path / "values.yaml").write_text("# -- A name.\nname: a\n\n# -- A port.\nport: 1\n")
    (tmp_path / "README.md").write_text(HAND_WRITTEN)
    assert readme.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "readme: README.md is not what values.yaml says: run `make generate`\n"
    assert readme.main([], tmp_path) == 0
    assert readme.main(["--check"], tmp_path) == 0


def test_the_charts_readme_is_up_to_date() -> None:
    """As `make check` says too."""
    assert readme.main(["--check"]) == 0
