"""The reference page: it has every field, reason, event, setting and metric, and is up to date."""

from pathlib import Path

import pytest

from tools.operator_reference import main, render
from xray_operator import settings
from xray_operator.kubernetes import crds
from xray_operator.manifests.kinds import KINDS
from xray_operator.reasons import MEANINGS
from xray_operator.runtime import metrics
from xray_operator.status.reporter import EVENTS

PAGE = Path(__file__).parents[2] / "docs/operator-reference.md"


def test_the_documents_page_is_what_the_tables_give() -> None:
    """`make check` runs the same."""
    assert main(["--check", str(PAGE)]) == 0


@pytest.mark.parametrize(
    "row",
    [
        "| `deletionPolicy` |  | Delete, Orphan | `Delete` | what happens to the object in AWS when this is deleted |",
        "| `serviceName` | ServiceName | at most 64 characters | `*` | the service's name; * and ? are wildcards |",
        "| `host` | Host | at most 64 characters | `*` | the request's Host header |",
        "| `suspend` |  | true, false | `false` | true: nothing is written until this is false again |",
        "| `quota` | used/limit of custom objects of this kind in the region |",
        "| `NoDrift` | Drifted | AWS has not been changed outside the operator |",
        "| `Adopted` | took over the existing object in AWS |",
        "| `--region` | `AWS_REGION` |  | the AWS region |",
        "| `--interval` | `XRAY_OPERATOR_INTERVAL` | `60` | seconds between two reads of AWS |",
        "| `xray_operator_drift_seen_total` | counter | kind | detected changes outside the operator |",
        "- the Default group has no filterExpression",
    ],
)
def test_a_table_has_a_row_for_each(row: str) -> None:
    """Field, status, reason, event, setting, metric, refusal."""
    assert row in render().splitlines()


def test_nothing_is_left_out() -> None:
    """Whatever is in a table of the code has its name on the page."""
    names = [
        *(field.name for info in KINDS.values() for field in info.fields),
        *crds.STATUS,
        *MEANINGS,
        *EVENTS,
        *(setting.option for setting in settings.SETTINGS),
        *(metric.name for metric in metrics.METRICS),
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
    assert capsys.readouterr().err == f"{page} is out of date; run make generate\n"
