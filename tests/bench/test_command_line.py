"""`python -m bench` as it is run, with little load: the benchmarks start, measure and print their tables."""

import subprocess
import sys

import pytest

from bench.processes import ROOT

pytestmark = pytest.mark.process


def bench(*arguments: str) -> list[dict[str, str]]:
    """Run a benchmark and return the rows of its table."""
    command = [sys.executable, "-m", "bench", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    header, _rule, *rows = [line[1:-1].split("|") for line in run.stdout.splitlines() if line.startswith("|")]
    names = [cell.strip() for cell in header]
    return [dict(zip(names, (cell.strip() for cell in row), strict=True)) for row in rows]


def test_requests_compares_a_recorder_with_no_tracing() -> None:
    """The sink has received a segment for each request."""
    options = ("--rounds", "1", "--seconds", "0.2", "--starts", "1", "--clients", "1")
    base, xray = bench("requests", "--only", "xray", *options)
    assert (base["variant"], base["CPU"], base["received"]) == ("no tracing", "x 1.00", "-")
    assert (xray["variant"], xray["received"]) == ("X-Ray SDK, stock", "segments 100 %")


def test_loss_compares_ours_with_stock() -> None:
    """Both are stopped under load; nothing is lost."""
    ours, stock = bench("loss", "--quick", "--only", "sigterm/sync")
    assert [ours["recorder"], stock["recorder"], ours["counted"]] == ["ours", "stock", "0"]
    for row in (ours, stock):
        assert row["spans"].endswith("/ 0 / 0")
        assert row["segments"] == row["spans"]
        assert not row["spans"].startswith("0 ")
