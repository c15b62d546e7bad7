"""The reference pages docs/cli.md and docs/settings.md; `make check` compares them."""

from pathlib import Path

import pytest

from tools.docs import cli_reference, settings_reference
from tools.docs.reference import main


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
def test_the_command_lines_have_a_line_for_each(line: str) -> None:
    """Commands, options with values and without, choices, positionals, aliases."""
    assert line in cli_reference.render().splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "| `CRUDDUR_TRACING_EXCLUDED_PATHS` | `/healthz,/readyz` | paths never traced, comma-separated |",
        "| `XRAY_LOCAL_API_PORT` | `8900` | the port of the X-Ray API and the page |",
        "| `XRAY_OPERATOR_LEASE_SECONDS` | `15` | seconds without a renewal after which another process leads |",
        "| `CRUDDUR_MAX_BODY_BYTES` | `65536` | Largest request body; larger ones get 413. |",
        "| `AWS_REGION` |  | the AWS region |",
    ],
)
def test_the_variables_have_a_row_for_each(line: str) -> None:
    """Of each part, with a default or without."""
    assert line in settings_reference.render().splitlines()


def test_a_page_that_differs_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the cure."""
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "cli.md").write_text("# Command lines\n")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'cli.md'} is out of date; run make generate\n"
