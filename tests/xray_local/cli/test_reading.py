"""`traces`, `show`, `example`, `clear` and `open` against a running xray-local."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.xray_local.samples import NOW, text, trace_id
from xray_local.cli import client, main
from xray_local.cli.listing import PARTIAL_SECONDS, Arrivals

Captured = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def run(api: str, *arguments: str, code: int = 0) -> None:
    assert main(arguments, {"AWS_ENDPOINT_URL_XRAY": api, "COLUMNS": "80"}) == code


def put(api: str, *texts: str) -> None:
    client.call(api, "TraceSegments", {"TraceSegmentDocuments": texts})


@pytest.mark.process
def test_traces_prints_a_line_for_each_trace(xray_local: XRayLocal, capsys: Captured) -> None:
    """Newest first, up to the limit, those that match."""
    request = {"request": {"method": "GET", "url": "http://a/b"}, "response": {"status": 503}}
    put(xray_local.api, text(1), text(2, start_time=NOW + 0.5, http=request, fault=True))
    run(xray_local.api, "traces")
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == [trace_id(2), "2023-11-14T22:13:20.500Z", "500", "ms", "fault", "GET", "http://a/b", "503"]
    assert second.startswith(trace_id(1))
    run(xray_local.api, "traces", "--filter", "!fault")
    assert capsys.readouterr().out.split()[0] == trace_id(1)
    run(xray_local.api, "traces", "--limit", "1")
    assert capsys.readouterr().out.split()[0] == trace_id(2)


@pytest.mark.process
@pytest.mark.parametrize(("options", "words"), [([], "no traces yet"), (["--filter", "fault"], "no traces match")])
def test_an_empty_list_is_reported(xray_local: XRayLocal, capsys: Captured, options: list[str], words: str) -> None:
    """On standard error."""
    run(xray_local.api, "traces", *options)
    assert capsys.readouterr() == ("", f"{words}\n")


@pytest.mark.process
def test_a_terminal_gets_a_table(xray_local: XRayLocal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With short ids, which `show` takes, and a line on all of them."""
    put(xray_local.api, text(1), text(2, fault=True))
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    run(xray_local.api, "traces")
    head, first, second, foot = shown.getvalue().splitlines()
    assert "REQUEST" in head
    assert ("00000002" in first, "00000001" in second) == (True, True)
    assert "2 traces · p50 1 s · p95 1 s · 50 % failed · times in UTC · xray-local show 000" in foot
    run(xray_local.api, "show", "00000002")
    assert "backend" in shown.getvalue().splitlines()[-3]


@pytest.mark.process
def test_json_is_a_summary_on_each_line(xray_local: XRayLocal, capsys: Captured) -> None:
    """As in GetTraceSummaries."""
    put(xray_local.api, text(1), text(2))
    run(xray_local.api, "traces", "--json")
    assert [json.loads(line)["Id"] for line in capsys.readouterr().out.splitlines()] == [trace_id(2), trace_id(1)]


@pytest.mark.process
def test_traces_are_counted_by_what_they_have_in_common(xray_local: XRayLocal, capsys: Captured) -> None:
    """Those that match, by route or by an annotation; as JSON each group is a line."""
    http = {"request": {"method": "GET", "url": "http://a/orders/7"}}
    put(xray_local.api, text(1, http=http, fault=True), text(2, http=http), text(3, annotations={"plan": "gold"}))
    run(xray_local.api, "traces", "--by", "route")
    head, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert head == ["TRACES", "FAULTS", "P50", "P95", "ROUTE"]
    assert rows == [
        ["2", "50", "%", "1", "s", "1", "s", "GET", "/orders/*"],
        ["1", "0", "%", "1", "s", "1", "s", "backend"],
    ]
    run(xray_local.api, "traces", "--by", "annotation.plan", "--filter", "!fault", "--json")
    groups = {group["name"]: group["count"] for group in map(json.loads, capsys.readouterr().out.splitlines())}
    assert groups['"gold"'] == 1
    run(xray_local.api, "traces", "--by", "annotation.plan")
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]] == ["gold"]
    run(xray_local.api, "traces", "--by", "colour", code=2)
    expected = "xray-local: --by: 'colour': expected route, service, status or annotation.KEY\n"
    assert capsys.readouterr().err == expected


@pytest.mark.process
def test_follow_prints_what_arrives(xray_local: XRayLocal) -> None:
    """After the newest that are stored, of which the last one is last."""
    put(xray_local.api, text(1), text(2))
    command = [sys.executable, "-m", "xray_local", "traces", "-f", f"--endpoint={xray_local.api}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        put(xray_local.api, text(3))
        lines.append(process.stdout.readline())
        process.kill()
    assert [line.split()[0] for line in lines] == [trace_id(1), trace_id(2), trace_id(3)]


def arrived(number: int, *, partial: bool = False) -> dict[str, object]:
    return {"Id": trace_id(number), "StartTime": NOW + number, "IsPartial": partial}


def test_a_trace_is_shown_once_when_it_is_complete() -> None:
    """Those that were known are not shown."""
    arrivals = Arrivals([trace_id(1)])
    assert arrivals.shown([arrived(1), arrived(2, partial=True), arrived(4), arrived(3)], 0) == [arrived(3), arrived(4)]
    assert arrivals.shown([arrived(3), arrived(2)], 1) == [arrived(2)]
    assert arrivals.shown([arrived(2)], 2) == []


def test_a_trace_that_stays_incomplete_is_shown_after_a_while() -> None:
    """Though nothing of it arrives any more."""
    arrivals = Arrivals([])
    assert arrivals.shown([arrived(1, partial=True)], 0) == []
    assert arrivals.shown([], PARTIAL_SECONDS) == [arrived(1, partial=True)]


@pytest.mark.process
@pytest.mark.parametrize("id_", [trace_id(1), trace_id(1)[2:].replace("-", ""), trace_id(1).upper(), "0001"])
def test_show_draws_a_trace(xray_local: XRayLocal, capsys: Captured, id_: str) -> None:
    """By X-Ray's id, by OpenTelemetry's, by its last digits; in colour in a terminal only."""
    query = {"id": f"{2:016x}", "name": "query", "start_time": NOW + 0.5, "end_time": NOW + 1, "fault": True}
    put(xray_local.api, text(1, subsegments=[query]))
    run(xray_local.api, "show", id_)
    out = capsys.readouterr().out
    rows = [line.split()[:3] for line in out.splitlines()[3:5]]
    assert rows == [["■", "backend", "█" * 28 + "▒" * 27], ["└", "✗", "query"]]
    assert out.splitlines()[-1] == f"{xray_local.api}/traces/{trace_id(1)}"
    assert "\033" not in out


@pytest.mark.process
def test_digits_that_several_traces_end_in_are_refused(xray_local: XRayLocal, capsys: Captured) -> None:
    """With the ids to choose from, the newest first."""
    put(xray_local.api, text(0x1234), text(0x11234))
    run(xray_local.api, "show", "1234", code=2)
    expected = f"xray-local: more than one trace ends in 1234: {trace_id(0x11234)}, {trace_id(0x1234)}\n"
    assert capsys.readouterr().err == expected


@pytest.mark.process
def test_the_json_of_a_trace_can_be_put(xray_local: XRayLocal, capsys: Captured, tmp_path: Path) -> None:
    """All of its rows, also of one with more than a page has."""
    put(xray_local.api, *(text(1, number) for number in range(1, 251)))
    run(xray_local.api, "show", "--json", trace_id(1))
    file = tmp_path / "trace.json"
    file.write_text(capsys.readouterr().out)
    xray_local.reset()
    run(xray_local.api, "put", str(file))
    assert capsys.readouterr().out == "250 of 250 segments stored\n"


@pytest.mark.process
def test_the_example_is_sent_and_shown(xray_local: XRayLocal, capsys: Captured) -> None:
    """Its address is the last line; as Markdown it has a title."""
    run(xray_local.api, "example")
    first, address = capsys.readouterr().out.splitlines()
    id_ = first.removeprefix("sent trace ")
    assert address == f"{xray_local.api}/traces/{id_}"
    run(xray_local.api, "show", "--markdown", id_[-8:])
    assert capsys.readouterr().out.startswith("# POST https://shop.example.com/checkout → 502 in 511 ms (")


@pytest.mark.process
def test_clear_deletes_traces_or_everything(xray_local: XRayLocal, capsys: Captured) -> None:
    """It says what."""
    client.call(xray_local.api, "CreateGroup", {"GroupName": "mine"})
    for options, line, groups in (
        ([], "deleted 1 trace", ["Default", "mine"]),
        (["--everything"], "deleted 1 trace, the sampling rules, the groups and the settings", ["Default"]),
    ):
        put(xray_local.api, text(1))
        run(xray_local.api, "clear", *options)
        assert capsys.readouterr().out == f"{line}\n"
        assert client.get(xray_local.api, "_local/health")["traces"] == 0
        found = client.call(xray_local.api, "Groups", {})["Groups"]
        assert sorted(group["GroupName"] for group in found) == groups


@pytest.mark.process
@pytest.mark.parametrize(("browser", "code"), [("echo", 0), ("false", 2)])
def test_open_starts_a_browser(xray_local: XRayLocal, browser: str, code: int) -> None:
    """With the address, which is printed as well."""
    put(xray_local.api, text(1))
    command = [sys.executable, "-m", "xray_local", "open", trace_id(1)[-8:], f"--endpoint={xray_local.api}"]
    environ = {**os.environ, "BROWSER": browser, "PATH": "/bin:/usr/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert (done.returncode, done.stdout.splitlines()[0]) == (code, f"{xray_local.api}/traces/{trace_id(1)}")
