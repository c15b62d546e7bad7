"""The parts as the README installs them, and the first use of each."""

import os
import re
import socket
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench.first_use.shell import run_command
from bench.processes import BIN, ROOT, BenchError, running
from tools.local_cluster import free_port

DEMO = "demo"
ALL_CORES = os.sched_getaffinity(0)
SEGMENT_SECONDS = 30.0
_APP = """from flask import Flask

app = Flask("shop")


@app.route("/")
def home():
    return "home"
"""
_PLUGIN = ROOT / "libs/pytest-xray-local/README.md"


@dataclass(frozen=True, slots=True)
class Part:
    """A part: what pip installs, the command of its first use, and that use in a folder with an environment.

    `prepared` runs what has to be there before, outside of the measured time, and returns variables for the use.
    """

    key: str
    name: str
    packages: tuple[str, ...]
    command: str
    use: Callable[[Path, Mapping[str, str]], None]
    prepared: Callable[[], AbstractContextManager[Mapping[str, str]]] = lambda: nullcontext({})


def _trace_an_app(folder: Path, environ: Mapping[str, str]) -> None:
    """Start an app, send a request, and wait for its segment."""
    (folder / "app.py").write_text(_APP)
    url = f"http://127.0.0.1:{free_port()}/"
    command = [str(folder / "venv/bin/opentelemetry-instrument"), "gunicorn", f"--bind={url[7:-1]}", "app:app"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(SEGMENT_SECONDS)
        address = f"127.0.0.1:{agent.getsockname()[1]}"
        variables = {**environ, "AWS_XRAY_DAEMON_ADDRESS": address, "OTEL_TRACES_EXPORTER": "none"}
        with running(command, url, environment=variables, cwd=folder, pinned=ALL_CORES):
            try:
                agent.recv(65536)
            except TimeoutError as error:
                raise BenchError("no segment of the app arrived") from error


def _serve(folder: Path, environ: Mapping[str, str]) -> None:
    """Start xray-local and wait until its page answers."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [str(folder / "venv/bin/xray-local"), "serve", "--api-port", url.rpartition(":")[2]]
    with (
        running([*command, *_ANY_PORTS], f"{url}/", environment=environ, cwd=folder, pinned=ALL_CORES),
        urllib.request.urlopen(f"{url}/", timeout=10) as page,
    ):
        page.read()


_ANY_PORTS = ("--agent-port", "0", "--otlp-port", "0", "--otlp-grpc-port", "off")


def _test(folder: Path, environ: Mapping[str, str]) -> None:
    """Run the first example of the plugin's README."""
    [example, *_] = re.findall(r"^```python\n(.*?)^```", _PLUGIN.read_text(), re.MULTILINE | re.DOTALL)
    (folder / "test_checkout.py").write_text(example)
    run_command([folder / "venv/bin/pytest", "-q", "test_checkout.py"], folder, environ)


def _plan(folder: Path, environ: Mapping[str, str]) -> None:
    """Compare the example manifests with an X-Ray that has none of them."""
    run_command([folder / "venv/bin/xray-operator", "plan", "-f", "examples"], ROOT, environ)


@contextmanager
def _xray() -> Iterator[Mapping[str, str]]:
    """Run this checkout's xray-local, and yield the variables that lead AWS clients to it."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [str(BIN / "xray-local"), "serve", "--api-port", url.rpartition(":")[2]]
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}
    with running([*command, *_ANY_PORTS], f"{url}/", pinned=ALL_CORES):
        yield {"AWS_ENDPOINT_URL_XRAY": url, **keys}


_MODEL = "./libs/xray-model"
PARTS = (
    Part(
        "tracing",
        "tracing in a Flask app",
        (_MODEL, "./libs/tracing[xray-sdk]", "gunicorn"),
        "opentelemetry-instrument gunicorn app:app",
        _trace_an_app,
    ),
    Part("xray-local", "X-Ray on a laptop", (_MODEL, "./xray-local"), "xray-local serve", _serve),
    Part(
        "pytest",
        "X-Ray in tests",
        (_MODEL, "./xray-local", "./libs/pytest-xray-local", "opentelemetry-exporter-otlp-proto-http"),
        "pytest",
        _test,
    ),
    Part("operator", "rules as code", (_MODEL, "./operator"), "xray-operator plan -f examples", _plan, _xray),
)
KEYS = (*(part.key for part in PARTS), DEMO)
