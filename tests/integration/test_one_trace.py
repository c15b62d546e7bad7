"""The recorded run in docs/one-trace.md: the bootcamp's app with the stock packages, and with ours added."""

import pytest

from tools.one_trace.__main__ import problems
from tools.one_trace.page import app_start, entry_table, request_table
from tools.one_trace.recording import PATHS, Recorded, record
from tools.provide import ROOT

PAGE = (ROOT / "docs/one-trace.md").read_text()

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recorded, Recorded]:
    """Return the app's requests before and after the package is installed."""
    return record(tmp_path_factory.mktemp("one-trace"))


def test_the_stock_packages_record_each_request_twice(runs: tuple[Recorded, Recorded]) -> None:
    before, _ = runs
    assert [len(before.traces[path]) for path in PATHS] == [2, 2, 2]


def test_with_the_package_each_request_is_one_trace_on_both_wires(runs: tuple[Recorded, Recorded]) -> None:
    _, after = runs
    assert problems(after) == []


def test_the_page_shows_the_app_and_what_its_requests_record(runs: tuple[Recorded, Recorded]) -> None:
    """`make one-trace WRITE=docs/one-trace.md` writes it again."""
    before, after = runs
    for part in (app_start(), request_table(before), request_table(after), entry_table(after)):
        assert part in PAGE
