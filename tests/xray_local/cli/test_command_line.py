import io
import json
import sys
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.xray_local.samples import NOW, body, text, trace_id
from xray_local.cli import main

pytestmark = pytest.mark.process
Captured = pytest.CaptureFixture[str]


def run(*arguments: str, api: str = "http://127.0.0.1:1") -> int:
    """Run a command against an endpoint that the environment names."""
    return main(arguments, {"AWS_ENDPOINT_URL_XRAY": api})


def refused(capsys: Captured, *arguments: str, api: str = "http://127.0.0.1:1") -> str:
    """Run a command that must fail, and return its one line."""
    assert run(*arguments, api=api) == 2
    out, err = capsys.readouterr()
    assert out == ""
    [line] = err.splitlines()
    return line


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (json.dumps([body(1), body(2)]), 2),
        (json.dumps([body(1), body(2)], indent=2), 2),
        (json.dumps(body(1)), 1),
        (json.dumps(body(1), indent=2), 1),
        (f"{text(1)}\n\n{text(2)}\n", 2),
        ("[]", 0),
        ("", 0),
        (json.dumps([body(number) for number in range(1, 121)]), 120),
    ],
)
def test_put_accepts_an_array_an_object_or_lines(
    xray_local: XRayLocal, tmp_path: Path, capsys: Captured, content: str, count: int
) -> None:
    """It prints how many were stored."""
    file = tmp_path / "segments.json"
    file.write_text(content)
    assert run("put", str(file), api=xray_local.api) == 0
    assert capsys.readouterr().out == f"{count} of {count} segments stored\n"


def test_put_reads_standard_input(xray_local: XRayLocal, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a dash as the file name."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text(1)))
    assert run("put", "-", api=xray_local.api) == 0
    assert capsys.readouterr().out == "1 of 1 segments stored\n"


def test_put_lists_refused_documents(xray_local: XRayLocal, tmp_path: Path, capsys: Captured) -> None:
    """With their ids; the exit code is 1."""
    file = tmp_path / "segments.json"
    file.write_text(json.dumps([body(1), body(2, 7, trace_id="1-2-3"), 5]))
    assert run("put", str(file), api=xray_local.api) == 1
    out, err = capsys.readouterr()
    assert out == "1 of 3 segments stored\n"
    assert err.splitlines() == [
        "refused 0000000000000007: InvalidTraceId: trace_id: '1-2-3': expected 1-, 8 hex digits, -, 24 hex digits",
        "refused (no id): ParseError: the segment is a JSON int: expected an object",
    ]


def test_traces_prints_a_line_for_each_trace(xray_local: XRayLocal, tmp_path: Path, capsys: Captured) -> None:
    """Newest first, up to the limit, those that match."""
    request = {"request": {"method": "GET", "url": "http://a/b"}, "response": {"status": 503}}
    file = tmp_path / "segments.json"
    file.write_text(json.dumps([body(1), body(2, start_time=NOW + 0.5, http=request, fault=True)]))
    run("put", str(file), api=xray_local.api)
    capsys.readouterr()
    assert run("traces", api=xray_local.api) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == [trace_id(2), "2023-11-14T22:13:20.500Z", "500", "ms", "fault", "GET", "http://a/b", "503"]
    assert second.startswith(trace_id(1))
    assert run("traces", "--filter", "!fault", api=xray_local.api) == 0
    assert capsys.readouterr().out.split()[0] == trace_id(1)
    assert run("traces", "--limit", "1", api=xray_local.api) == 0
    assert capsys.readouterr().out.split()[0] == trace_id(2)


@pytest.mark.parametrize(("options", "words"), [([], "no traces yet"), (["--filter", "fault"], "no traces match")])
def test_an_empty_list_is_reported(xray_local: XRayLocal, capsys: Captured, options: list[str], words: str) -> None:
    """On standard error."""
    assert run("traces", *options, api=xray_local.api) == 0
    assert capsys.readouterr() == ("", f"{words}\n")


@pytest.mark.parametrize("trace_id_", [trace_id(1), trace_id(1)[2:].replace("-", ""), trace_id(1).upper()])
def test_show_draws_a_trace(xray_local: XRayLocal, tmp_path: Path, capsys: Captured, trace_id_: str) -> None:
    """By X-Ray's id or by OpenTelemetry's."""
    file = tmp_path / "segments.json"
    call = {"id": f"{2:016x}", "name": "query", "start_time": NOW + 0.5, "end_time": NOW + 1, "fault": True}
    file.write_text(text(1, subsegments=[call], annotations={"user": "bob"}))
    run("put", str(file), api=xray_local.api)
    capsys.readouterr()
    assert run("show", trace_id_, api=xray_local.api) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"trace {trace_id(1)} = {trace_id(1)[2:].replace('-', '')}"
    assert [line.split()[0] for line in lines[2:]] == ["backend", "user=bob", "query"]
    assert lines[-1].endswith("fault")
    assert "\033" not in "".join(lines)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", trace_id(9)], f"trace {trace_id(9)} is not stored at "),
        (["show", "1-2-3"], "trace 1-2-3 is not stored at "),
        (["show", "nonsense"], "trace id: 'nonsense': expected 32 hex digits"),
        (["put", "/nowhere.json"], "cannot read /nowhere.json: No such file or directory"),
        (["put", "/"], "cannot read /: Is a directory"),
        (["traces", "--filter", "fault AND"], "--filter: column 10: expected "),
        (["traces", "--limit", "0"], "--limit: 0: expected at least 1"),
        (["traces", "--limit", "many"], "argument --limit: invalid int value: 'many'"),
        (["traces", "--colour"], "unrecognized arguments: --colour"),
        (["serve", "--api-port", "http"], "--api-port: 'http': expected a port from 0 to 65535"),
        (["list"], "argument COMMAND: invalid choice: 'list'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_an_error_is_one_line(xray_local: XRayLocal, capsys: Captured, arguments: list[str], line: str) -> None:
    """Exit 2, without a traceback."""
    assert refused(capsys, *arguments, api=xray_local.api).startswith(f"xray-local: {line}")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path, capsys: Captured) -> None:
    """Such as an archive."""
    file = tmp_path / "segments.gz"
    file.write_bytes(b"\x1f\x8b\xff\xfe")
    assert refused(capsys, "put", str(file)) == f"xray-local: cannot read {file}: not UTF-8"


@pytest.mark.parametrize("arguments", [["traces"], ["show", trace_id(1)], ["put", "-"]])
def test_an_unreachable_endpoint_is_one_line(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """With the address, and a hint."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text(1)))
    line = refused(capsys, *arguments)
    assert line.startswith("xray-local: cannot reach xray-local at http://127.0.0.1:1: ")
    assert line.endswith("; is `xray-local serve` running?")


def test_an_endpoint_needs_a_scheme(capsys: Captured) -> None:
    """Host and port are not enough."""
    line = refused(capsys, "traces", "--endpoint", "localhost:8900")
    assert line == "xray-local: --endpoint: 'localhost:8900': expected http://HOST:PORT"


def test_an_error_of_the_api_is_printed(xray_local: XRayLocal, capsys: Captured) -> None:
    """With its code and message."""
    line = refused(capsys, "traces", api=f"{xray_local.api}/nowhere")
    assert line == "xray-local: UnknownOperationException: unknown path /nowhere/TraceSummaries"
