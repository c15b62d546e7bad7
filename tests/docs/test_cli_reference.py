"""The reference of the command lines, docs/cli.md; `make check` compares it."""

from pathlib import Path

import pytest

from tools.docs.cli_reference import main, render


@pytest.mark.parametrize(
    "line",
    [
        "### xray-local serve",
        "### kubectl xray explain",
        "| `--limit LIMIT` | the maximum number of traces (default: 20) |",
        "| `-o {text,json}`, `--output {text,json}` | default: text |",
        "| `-A`, `--all-namespaces` | the resources in all namespaces |",
        "| `[METHOD]` | the request's method |",
        "Remove the finalizers of resources without an operator; AWS keeps their objects. Alias: `release`.",
    ],
)
def test_the_page_has_a_line_for_each(line: str) -> None:
    """Commands, options with values and without, choices, positionals, aliases."""
    assert line in render().splitlines()


def test_a_page_that_differs_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the cure."""
    page = tmp_path / "cli.md"
    assert main([], page) == 0
    assert main(["--check"], page) == 0
    page.write_text("# Command lines\n")
    assert main(["--check"], page) == 1
    assert capsys.readouterr().err == f"{page} is out of date; run make generate\n"
