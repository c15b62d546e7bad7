"""The process: its start, its ready line, its errors and its shutdown."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from tests.xray_local.process import FREE, started
from tests.xray_local.samples import NOW, text, trace_id
from xray_local.cli import client

pytestmark = pytest.mark.process
SECONDS = 60
Start = Callable[..., tuple[subprocess.Popen[str], dict[str, str]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes and read their ready lines; what still runs at the end is stopped."""
    with ExitStack() as cleanup:

        def starter(*options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
            return cleanup.enter_context(started(*options))

        yield starter


def refused(*options: str) -> str:
    """Start a process that must exit, and return its one line."""
    command = [sys.executable, "-m", "xray_local", "serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    return line


def fetched(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        return json.load(answer)


def health(api: str) -> dict[str, Any]:
    return dict(fetched(f"{api}/_local/health"))


def connected(api: str) -> socket.socket:
    """Return a connection to the API on which nothing was sent."""
    host, _, port = api.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(start: Start, number: signal.Signals) -> None:
    """Exit 0, one line on standard output, nothing on standard error."""
    process, addresses = start(*FREE)
    assert set(addresses) == {"api", "agent", "otlp", "grpc"}
    process.send_signal(number)
    assert process.wait(SECONDS) == 0
    assert process.communicate() == ("", "")


def test_incomplete_requests_do_not_delay_the_shutdown(start: Start) -> None:
    """On any of the listeners, which all end at the same time; Docker and Kubernetes kill after a while."""
    process, addresses = start(*FREE)
    with ExitStack() as sockets:
        for name in ("api", "agent", "otlp"):
            for sent in (
                b"POST /TraceSegments HT",
                b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
            ):
                host, _, port = addresses[name].removeprefix("http://").partition(":")
                sockets.enter_context(socket.create_connection((host, int(port)))).sendall(sent)
        client.call(addresses["api"], "Groups", {})  # the incomplete requests arrived before this one was answered
        began = time.monotonic()
        process.terminate()
        assert process.wait(SECONDS) == 0
    assert time.monotonic() - began < 5.5  # about two; three listeners that end one after the other take six


def test_datagrams_survive_sigterm_and_restart(start: Start, tmp_path: Path) -> None:
    """All those that had arrived before SIGTERM."""
    path = str(tmp_path / "xray.db")
    process, addresses = start(*FREE, "--db", path)
    host, _, port = addresses["agent"].partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(1, 501):
            sender.sendto(f'{{"format":"json","version":1}}\n{text(number)}'.encode(), (host, int(port)))
    client.call(addresses["api"], "CreateGroup", {"GroupName": "kept"})
    process.terminate()
    assert process.wait(SECONDS) == 0
    _, again = start(*FREE, "--db", path)
    assert health(again["api"])["segments"] == 500
    assert client.call(again["api"], "GetGroup", {"GroupName": "kept"})["Group"]["GroupName"] == "kept"


def test_an_idle_connection_does_not_block_the_shutdown(start: Start) -> None:
    """Pollers keep their connections open."""
    process, addresses = start(*FREE)
    host, _, port = addresses["agent"].partition(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"POST /GetSamplingRules HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        process.terminate()
        assert process.wait(SECONDS) == 0


def test_evictions_are_logged(start: Start) -> None:
    """In one line for many."""
    process, addresses = start(*FREE, "--max-traces", "1")
    client.call(addresses["api"], "TraceSegments", {"TraceSegmentDocuments": [text(number) for number in range(1, 4)]})
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "WARNING traces_evicted total=2 max_traces=1 max_bytes=" in line
    assert health(addresses["api"])["evicted_traces"] == 2


@pytest.mark.parametrize(
    ("option", "purpose"),
    [
        ("--api-port", "API and page"),
        ("--agent-port", "agent, TCP"),
        ("--otlp-port", "OTLP"),
        ("--otlp-grpc-port", "OTLP/gRPC"),
    ],
)
def test_a_taken_port_is_named_with_its_purpose(option: str, purpose: str) -> None:
    """In one line, exit 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(*FREE, option, str(port))
    problem = f"cannot listen on 127.0.0.1 port {port} ({purpose}): Address already in use"
    assert line == f"xray-local: {problem} (set another with {option})"


def test_a_taken_udp_port_is_named() -> None:
    """While the TCP port is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        line = refused(*FREE, "--agent-port", str(port))
    problem = f"cannot listen on 127.0.0.1 port {port} (agent, UDP): Address already in use"
    assert line == f"xray-local: {problem} (set another with --agent-port)"


def test_a_file_that_another_process_has_open_is_refused(start: Start, tmp_path: Path) -> None:
    """A file has one writer."""
    path = str(tmp_path / "xray.db")
    start(*FREE, "--db", path)
    assert "another process has it open" in refused(*FREE, "--db", path)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--db", "/nowhere/x.db"], "--db: '/nowhere/x.db': unable to open database file: expected a writable file"),
        (["--max-traces", "0"], "--max-traces: '0': expected a whole number of at least 1"),
        (["--colour", "red"], "unknown arguments: --colour red (see xray-local serve --help)"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid port 0 (agent, TCP): "),
    ],
)
def test_an_error_at_start_is_one_line(options: list[str], line: str) -> None:
    """Exit 2, without a traceback."""
    assert refused(*FREE, *options).startswith(f"xray-local: {line}")


def test_it_listens_on_an_ipv6_address(start: Start) -> None:
    """Of the loopback interface."""
    _, addresses = start(*FREE, "--host", "::1", "--otlp-grpc-port", "off")
    assert health(addresses["api"])["status"] == "ok"
    assert addresses["agent"].startswith("[::1]:")
    assert set(addresses) == {"api", "agent", "otlp"}  # gRPC is off


def test_the_address_of_all_is_that_of_ipv4_as_well(start: Start) -> None:
    """`--host ::`, with datagrams, since the X-Ray SDKs only send to IPv4."""
    _, addresses = start(*FREE, "--host", "::")
    port, agent = (int(addresses[name].rpartition(":")[2]) for name in ("api", "agent"))
    datagram = b'{"format":"json","version":1}\n' + text(1).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram, ("127.0.0.1", agent))
    until(lambda: health(f"http://127.0.0.1:{port}")["segments"], "the datagram is stored")
    assert health(f"http://[::1]:{port}")["segments"] == 1
    assert fetched(f"http://127.0.0.1:{port}/_local/requests") == []


BROTLI = b"POST /Groups HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"


def test_bytes_that_are_no_request_are_one_line_in_the_log(start: Start) -> None:
    """A TLS hello, a port scan, an unknown compression: no traceback. By default it listens on the loopback address."""
    process, addresses = start(*FREE)
    assert addresses["api"].startswith("http://127.0.0.1:")
    sent = (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00\x00\r\n\r\n", BROTLI)
    for request in sent:
        with connected(addresses["api"]) as client_socket:
            client_socket.sendall(request)
            assert b"400" in client_socket.recv(1000)
    process.terminate()
    _, errors = process.communicate(timeout=SECONDS)
    assert len(errors.splitlines()) <= len(sent)
    assert "Traceback" not in errors
    assert "ERROR" not in errors


def test_a_delayed_request_does_not_block_others(start: Start) -> None:
    """Delayed by a scripted fault."""
    _, addresses = start(*FREE)
    slow = json.dumps([{"operation": "GetGroups", "delay": 60}]).encode()
    faults = f"{addresses['api']}/_local/faults"
    with urllib.request.urlopen(urllib.request.Request(faults, slow, method="PUT")):
        pass
    with connected(addresses["api"]) as waiting:
        waiting.sendall(b"POST /Groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        until(lambda: fetched(faults) == [], "the delay has begun")
        client.call(addresses["api"], "TraceSegments", {"TraceSegmentDocuments": [text(1)]})
        found = client.call(addresses["api"], "TraceSummaries", {"StartTime": NOW, "EndTime": NOW + 1})
        assert [summary["Id"] for summary in found["TraceSummaries"]] == [trace_id(1)]
        waiting.settimeout(0.05)
        with pytest.raises(TimeoutError):
            waiting.recv(1)


@pytest.mark.parametrize("module", ["xray_local.cli", "xray_local.app", "aiohttp", "atexit"])
def test_ctrl_c_is_quiet_at_any_moment(module: str) -> None:
    """Exit 130 and print nothing, also while modules are imported, and while Python ends."""
    script = (
        "import atexit, os, runpy, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        f"if {module!r} == 'atexit': atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        "sys.argv = ['xray-local', 'serve', '--max-traces', '0']\n"
        "runpy.run_module('xray_local', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=SECONDS, check=False)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, [line for line in lines if "--max-traces" not in line]) == (130, "", [])


def test_a_server_imports_no_library_before_something_needs_it() -> None:
    """Pages need jinja2, OTLP needs protobuf: a quarter of what the idle process would take."""
    script = (
        "import sys; from xray_local.cli import main; import xray_local.app;"
        "print({'jinja2', 'google.protobuf', 'grpc', 'importlib.metadata', 'xray_local.cli.client'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout == "set()\n"
