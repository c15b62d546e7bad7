"""The reference page: it has every field, reason, event, setting and metric, and is up to date."""

from pathlib import Path

import pytest

from xray_operator import crd, metrics, settings, status
from xray_operator.reference import main, render
from xray_operator.report import EVENTS

PAGE = Path(__file__).parents[2] / "docs/operator-reference.md"


def test_the_documents_page_is_what_the_tables_give() -> None:
    """`make check` runs the same."""
    assert main(["--check", str(PAGE)]) == 0


@pytest.mark.parametrize(
    "row",
    [
        "| `fixedRate` | FixedRate | a number from 0 to 1 |  | required; the share of requests after the reservoir |",
        "| `reservoirSize` | ReservoirSize | a whole number from 0 |  | required; requests a second before the rate |",
        "| `host` | Host | at most 64 characters | `*` | the request's Host header |",
        "| `suspend` |  | true, false | `false` | true: nothing is written until it is false again |",
        "| `quota` | custom objects of this kind in the region: used/limit |",
        "| `NoDrift` | Drifted | AWS does not differ |",
        "| `Adopted` | took over what was in AWS |",
        "| `--region` | `AWS_REGION` |  | the AWS region |",
        "| `--interval` | `XRAY_OPERATOR_INTERVAL` | `60` | seconds between two reads of AWS |",
        "| `xray_operator_drift_seen_total` | counter | kind | changes by others that were seen |",
        "- the Default group has no filterExpression",
    ],
)
def test_a_table_has_a_row_for_each(row: str) -> None:
    """Field, status, reason, event, setting, metric, refusal."""
    assert row in render().splitlines()


def test_nothing_is_left_out() -> None:
    """Whatever is in a table of the code has its name on the page."""
    names = [
        *(field.name for kind in crd.KINDS for field in kind.fields),
        *crd.STATUS,
        *status.MEANINGS,
        *EVENTS,
        *(one.option for one in settings.SETTINGS),
        *(one.name for one in metrics.METRICS),
    ]
    page = render()
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_the_page_is_written_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that is missing or edited is named."""
    page = tmp_path / "page.md"
    assert main(["--check", str(page)]) == 1
    assert main([str(page)]) == 0
    assert main([str(page), "--check"]) == 0
    capsys.readouterr()
    page.write_text(page.read_text().replace("Ready", "Steady"))
    assert main(["--check", str(page)]) == 1
    assert capsys.readouterr().err == f"{page} is not what the operator's tables give; run make generate\n"
