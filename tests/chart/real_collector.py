"""Runs the real collector with the configuration that the chart builds, on a loopback address of its own."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.chart.release import Values, of_kind, render
from tests.waiting import until
from tools.provide import tool_path

# The collector's ports are fixed, so each run of the tests has an address of its own.
ADDRESS = f"127.1.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
# What the pods have, and sigv4auth asks for as soon as it reads its settings.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "HONEYCOMB_API_KEY": "key",
    "MY_POD_IP": "127.0.0.1",
    "PATH": os.defpath,
}


def configuration(given: Values) -> str | None:
    """Return the collector's configuration; None when none runs."""
    found = [
        manifest
        for manifest in of_kind(render(given), "ConfigMap")
        if manifest["metadata"]["name"] == "demo-cruddur-collector"
    ]
    return found[0]["data"]["config.yaml"] if found else None


@cache
def _components() -> str:
    run = subprocess.run([tool_path("otelcol"), "components"], capture_output=True, text=True, timeout=30, check=True)
    return str(run.stdout)


def need_file_storage() -> None:
    """Skip the test with a collector that was found on PATH and cannot keep a queue in a file."""
    if "file_storage" not in _components():
        pytest.skip("this otelcol has no file_storage extension; the one that tools/provide.py builds has it")


@contextmanager
def running(given: Values, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run it until the block ends; its log is folder/log, and its queue folder/queue."""
    file, queue = folder / "config.yaml", folder / "queue"
    queue.mkdir(exist_ok=True)
    text = (configuration(given) or "").replace("127.0.0.1:4319", f"{ADDRESS}:4319")
    file.write_text(text.replace("/var/lib/otelcol", str(queue)))
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(
            [tool_path("otelcol"), f"--config={file}"],
            env={**ENVIRONMENT, "MY_POD_IP": ADDRESS},
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: read(13133), "the collector is healthy")
        yield run
    finally:
        run.terminate()
        run.wait(timeout=30)


def read(port: int, body: object = None, path: str = "/metrics") -> str:
    """Query the collector; an empty text when it does not answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{ADDRESS}:{port}{path}", data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return str(answer.read(), "utf-8")
    except urllib.error.URLError:
        return ""
