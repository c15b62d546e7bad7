import io
import json
import os
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.xray_local import otlp
from tests.xray_local.samples import NOW, body, settings, text, trace_id
from xray_local.cli import client, main
from xray_local.cli.command_line import welcome
from xray_local.settings import Addresses

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
    first, second = err.splitlines()
    assert first.startswith(
        "refused 0000000000000007: InvalidTraceId: Invalid segment. ErrorCode: InvalidTraceId, Cause: "
    )
    assert second.startswith("refused (no id): MissingId: Invalid segment. ErrorCode: MissingId, Cause: ")


CALL = {"id": f"{2:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 1, "namespace": "remote"}


def rows(api: str, id_: str = trace_id(1)) -> list[tuple[str, str, int]]:
    """Return name, parent's id and depth of each row of a trace, as the page shows it."""
    with urllib.request.urlopen(f"{api}/traces/{id_}.json") as answer:
        return [(row["name"], row["parent_id"] or "", row["depth"]) for row in json.load(answer)["rows"]]


def fetched(api: str, form: str) -> str:
    """Return the first trace in one of the forms in which xray-local prints it."""
    if form == "page":
        with urllib.request.urlopen(f"{api}/traces/{trace_id(1)}.json") as answer:
            return str(answer.read().decode())
    if form == "batch-get-traces":
        return json.dumps(client.call(api, "Traces", {"TraceIds": [trace_id(1)]}))
    retrieval = client.call(api, "StartTraceRetrieval", {"TraceIds": [trace_id(1)], "StartTime": 0, "EndTime": NOW + 9})
    return json.dumps(client.call(api, "ListRetrievedTraces", retrieval | {"TraceFormat": form}))


@pytest.mark.parametrize("form", ["page", "batch-get-traces", "XRAY", "OTEL"])
def test_put_takes_what_xray_local_prints(xray_local: XRayLocal, tmp_path: Path, capsys: Captured, form: str) -> None:
    """The trace is the same again, after a reset."""
    file = tmp_path / "trace.json"
    child = body(1, 3, name="back", parent_id=CALL["id"])
    file.write_text(json.dumps([body(1, subsegments=[CALL]), child]))
    assert run("put", str(file), api=xray_local.api) == 0
    before = rows(xray_local.api)
    file.write_text(fetched(xray_local.api, form))
    xray_local.reset()
    assert run("put", str(file), api=xray_local.api) == 0, capsys.readouterr().err
    assert rows(xray_local.api) == before


OTLP = json.dumps(otlp.request(otlp.span(), otlp.span(spanId=f"{2:016x}", parentSpanId="", kind=2)))
ZIPKIN = json.dumps(
    [
        {"traceId": otlp.W3C, "id": f"{2:x}", "name": "get /", "kind": "SERVER", "timestamp": int(NOW * 1e6)},
        {"traceId": otlp.W3C, "id": f"{1:x}", "parentId": f"{2:x}", "name": "work", "timestamp": int(NOW * 1e6)},
    ]
)
JAEGER_SPANS = [
    {
        "traceID": otlp.W3C.lstrip("0"),
        "spanID": f"{number:x}",
        "operationName": "work",
        "references": [{"refType": "CHILD_OF", "traceID": otlp.W3C.lstrip("0"), "spanID": "2"}] if number == 1 else [],
        "startTime": int(NOW * 1e6),
        "duration": 1000,
        "processID": "p1",
    }
    for number in (2, 1)
]
JAEGER = json.dumps(
    {"data": [{"traceID": otlp.W3C, "spans": JAEGER_SPANS, "processes": {"p1": {"serviceName": "shop"}}}]}
)


@pytest.mark.parametrize(
    "content", [OTLP, f"{OTLP}\n{OTLP}\n", ZIPKIN, JAEGER], ids=["otlp", "lines", "zipkin", "jaeger"]
)
def test_put_takes_spans_of_other_tools(xray_local: XRayLocal, tmp_path: Path, capsys: Captured, content: str) -> None:
    """OTLP JSON, also in lines as from the collector's file exporter, Zipkin v2 and Jaeger."""
    file = tmp_path / "spans.json"
    file.write_text(content)
    assert run("put", str(file), api=xray_local.api) == 0
    out = capsys.readouterr().out
    assert out == ("4 of 4 spans stored\n" if content.count("\n") else "2 of 2 spans stored\n")
    assert [(parent, depth) for _, parent, depth in rows(xray_local.api)] == [("", 0), (f"{2:016x}", 1)]


def test_put_counts_refused_spans(xray_local: XRayLocal, tmp_path: Path, capsys: Captured) -> None:
    """The exit code is 1."""
    file = tmp_path / "spans.json"
    file.write_text(json.dumps(otlp.request(otlp.span(), otlp.span(spanId="00"))))
    assert run("put", str(file), api=xray_local.api) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("1 of 2 spans stored\n", 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"TraceSummaries": []}, "it has summaries only: expected whole traces, as from BatchGetTraces"),
        ({"trace_id": "1", "rows": [], "total": 300, "next": "/"}, "it has 0 of 300 rows: expected all"),
        ({"data": [{"spans": [{}], "processes": {}}]}, "it is not as its form has it: KeyError('traceID')"),
    ],
)
def test_put_says_what_a_file_lacks(tmp_path: Path, capsys: Captured, content: dict[str, object], problem: str) -> None:
    """In one line."""
    file = tmp_path / "trace.json"
    file.write_text(json.dumps(content))
    assert refused(capsys, "put", str(file)).startswith(f"xray-local: {file}: {problem}")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", trace_id(9)], f"trace {trace_id(9)} is not stored at "),
        (["show", "1-2-3"], "trace 1-2-3 is not stored at "),
        (["show", "abcd1234"], "no trace at "),
        (["show", "--json", "--markdown", "1234"], "argument --markdown: not allowed with argument --json"),
        (["show", "nonsense"], "ID: 'nonsense': expected 1-8HEX-24HEX, 32 hex digits, or at least 4 last digits"),
        (["put", "/nowhere.json"], "cannot read /nowhere.json: No such file or directory"),
        (["put", "/"], "cannot read /: Is a directory"),
        (["traces", "--filter", "fault AND"], "--filter: column 10: expected "),
        (["traces", "--limit", "0"], "--limit: '0': expected a whole number of at least 1"),
        (["traces", "--limit", "many"], "--limit: 'many': expected a whole number of at least 1"),
        (["traces", "--by", "annotation."], "--by: 'annotation.': expected route, "),
        (["traces", "--colour"], "unknown arguments: --colour (see xray-local traces --help)"),
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
    problem = "cannot reach xray-local at http://127.0.0.1:1: connection refused"
    assert refused(capsys, *arguments) == f"xray-local: {problem}; is `xray-local serve` running?"


@pytest.mark.parametrize("endpoint", ["localhost:8900", "http://", "http://[", "http://localhost:99999", "ftp://host"])
def test_an_endpoint_is_a_url(capsys: Captured, endpoint: str) -> None:
    """Host and port are not enough."""
    line = refused(capsys, "traces", "--endpoint", endpoint)
    assert line == f"xray-local: --endpoint: {endpoint!r}: expected http://HOST:PORT"


def test_this_machine_is_reached_without_a_proxy(
    xray_local: XRayLocal, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's proxy does not know its addresses."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert run("example", api=xray_local.api) == 0
    assert capsys.readouterr().out.startswith("sent trace ")


def test_only_the_first_refused_documents_are_listed(xray_local: XRayLocal, tmp_path: Path, capsys: Captured) -> None:
    """And the number of the others."""
    file = tmp_path / "log.txt"
    file.write_text("not JSON\n" * 1000)
    assert run("put", str(file), api=xray_local.api) == 1
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1]) == (11, "refused 990 more")


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("traces >&-", "no traces yet\n"),
        ("example > /dev/full", "xray-local: standard output: No space left on device\n"),
        ("put - <&-", "0 of 0 segments stored\n"),
        ("put - < <(printf '\\xff')", "xray-local: cannot read -: not UTF-8\n"),
        ("put $'\\xff'", "xray-local: cannot read \\udcff: No such file or directory\n"),
    ],
)
def test_no_stream_causes_a_traceback(xray_local: XRayLocal, command: str, output: str) -> None:
    """Closed, full, or not text, in a locale without UTF-8."""
    shell = ["bash", "-c", f"exec {sys.executable} -m xray_local {command}"]
    environ = {**os.environ, "AWS_ENDPOINT_URL_XRAY": xray_local.api, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(shell, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout + done.stderr == output


def test_an_error_of_the_api_is_printed(xray_local: XRayLocal, capsys: Captured) -> None:
    """With its code and message."""
    line = refused(capsys, "traces", api=f"{xray_local.api}/nowhere")
    assert line == "xray-local: UnknownOperationException: unknown path /nowhere/TraceSummaries"


def test_the_version_is_that_of_the_package(capsys: Captured) -> None:
    """In one line."""
    with pytest.raises(SystemExit) as ended:
        run("--version")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"xray-local {version('xray-local')}\n"


@pytest.mark.parametrize(
    ("host", "db", "lines"),
    [
        ("127.0.0.1", ":memory:", ["http://127.0.0.1:8900", "in memory, the last 1,000 traces"]),
        ("0.0.0.0", "/tmp/x.db", ["http://localhost:8900", "in /tmp/x.db, the last 1,000 traces"]),
        ("::1", ":memory:", ["http://[::1]:8900", "in memory, the last 1,000 traces"]),
    ],
)
def test_serve_says_where_the_page_is(host: str, db: str, lines: list[str]) -> None:
    """To the user of a terminal; an address of all hosts is none to open."""
    shown = welcome(Addresses(host, 8900, 2000, 4318, None), settings(db=db)).splitlines()
    assert [shown[1].split()[-1], shown[4].partition("stored")[2].strip()] == lines
