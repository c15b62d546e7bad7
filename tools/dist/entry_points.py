"""Runs the programs, the plugin and the entry points of the parts where they are installed."""

import json
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.dist.installed import Installed
from tools.dist.parts import DistError
from tools.provide import ROOT

SECONDS = 30
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_MODEL = """
from xray_model import RequestProperties, SamplingRule, explain
rule = SamplingRule(rule_name="home", priority=1, fixed_rate=1.0, reservoir_size=1, url_path="/api/*")
print([verdict.matched for verdict in explain([rule], RequestProperties(url_path="/api/home"))])
"""
_APP = """
import flask
app = flask.Flask("dist")
app.add_url_rule("/", view_func=lambda: "hello")
print(app.test_client().get("/").status_code)
"""
_TEST = """
import json, socket, time
from pytest_xray_local import entry

def test_a_segment_is_a_trace(xray_local):
    now = time.time()
    digits = f"1-{int(now):08x}-" + 24 * "1"
    segment = {"name": "shop", "id": 16 * "2", "trace_id": digits, "start_time": now, "end_time": now + 1}
    host, port = xray_local.agent.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.sendto(b'{"format": "json", "version": 1}\\n' + json.dumps(segment).encode(), (host, int(port)))
    assert xray_local.one_trace() == entry("shop")
"""


def run_model(installed: Installed) -> None:
    """Match a request with a rule."""
    _expect("xray-model", "[True]", installed.run("python", "-c", _MODEL))


@contextmanager
def serving(installed: Installed) -> Iterator[dict[str, str]]:
    """Run `xray-local serve` and yield the variables by which SDKs find it; it has to stop with 0."""
    program = installed.environment.program("xray-local")
    ports = ("--api-port=0", "--agent-port=0", "--otlp-port=0")
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [program, "serve", *ports],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=installed.environment.variables({}),
        )
        with process:
            try:
                assert process.stdout is not None
                word, *pairs = process.stdout.readline().split() or [""]
                if word != "ready":
                    log.seek(0)
                    raise DistError(f"xray-local serve: expected the ready line: {log.read().strip()[-600:]}")
                yield _variables(dict(pair.split("=", 1) for pair in pairs))
            finally:
                process.send_signal(signal.SIGTERM)
                code = process.wait(timeout=SECONDS)
    if code != 0:
        raise DistError(f"xray-local serve exited with {code} after SIGTERM: expected 0")


def _variables(addresses: Mapping[str, str]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_ENDPOINT_URL_XRAY": addresses["api"],
        "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_XRAY_DAEMON_ADDRESS": addresses["agent"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": addresses["otlp"],
    }


def run_local(installed: Installed, variables: Mapping[str, str]) -> None:
    """Read the page and the command line of the server."""
    with _DIRECT.open(f"{variables['AWS_ENDPOINT_URL_XRAY']}/", timeout=SECONDS) as page:
        _expect("GET /", "<!doctype html>", page.read(15).decode().lower())
    endpoint = variables["AWS_ENDPOINT_URL_XRAY"]
    installed.run("xray-local", "example", "--endpoint", endpoint)


def run_tracing(installed: Installed, variables: Mapping[str, str]) -> None:
    """Trace a Flask app that `opentelemetry-instrument` starts, by the entry points of the package."""
    health = f"{variables['AWS_ENDPOINT_URL_XRAY']}/_local/health"
    before = _read(health)
    answer = installed.run("opentelemetry-instrument", "python", "-c", _APP, variables=variables)
    _expect("opentelemetry-instrument", "200", answer)
    after = _read(health)
    for wire in ("segments", "spans"):
        if after[wire] != before[wire] + 1:
            raise DistError(f"opentelemetry-instrument: {after[wire] - before[wire]} {wire} arrived: expected 1")


def _read(url: str) -> dict[str, int]:
    with _DIRECT.open(url, timeout=SECONDS) as answer:
        found: dict[str, int] = json.load(answer)
    return found


def run_operator(installed: Installed, variables: Mapping[str, str]) -> None:
    """Plan the examples, as a folder and as a file, and run the plugin of kubectl and its completion."""
    for path in (ROOT / "examples", ROOT / "examples" / "sampling-rule.yaml"):
        plan = installed.run("xray-operator", "plan", "-f", str(path), variables=variables)
        _expect(f"xray-operator plan -f {path.name}", "+ rule backend-flask", plan)
    _expect("kubectl-xray", "usage: kubectl xray", installed.run("kubectl-xray", "--help"))
    installed.run("kubectl_complete-xray", "")


def run_plugin(installed: Installed, folder: Path) -> None:
    """Run a test that needs the fixture."""
    folder.mkdir()
    (folder / "test_plugin.py").write_text(_TEST)
    run = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=folder)
    _expect("pytest", "1 passed", run)


def _expect(what: str, expected: str, text: str) -> None:
    words = " ".join(text.split())
    if expected not in words:
        raise DistError(f"{what} printed '{words[:300]}': expected '{expected}'")
