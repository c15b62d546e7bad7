"""`xray-operator run`: one line if it cannot start, and the process with a small API server and a real xray-local."""

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import kopf
import pytest
import yaml

from tests.operator.in_memory_kubernetes import rule
from xray_operator import settings
from xray_operator.aws.errors import GatewayError
from xray_operator.cli import main
from xray_operator.kubernetes.credentials import CredentialsError, find_credentials
from xray_operator.runtime import kopf_watch
from xray_operator.runtime.run import StartError, run

# aiohttp warns of the lambdas that probes.py gives it; this goes when they are coroutine functions.
pytestmark = pytest.mark.filterwarnings("ignore:Bare functions are deprecated")
API = "/apis/xray.cruddur.io/v1alpha1"
SECONDS = 60
# A pod runs under a user ID without a name: a look-up of the name fails.
NAMELESS = "import getpass, sys; getpass.getuser = None; from xray_operator.cli import main; sys.exit(main())"


def _resource(name: str, kind: str) -> dict[str, Any]:
    verbs = ["list", "watch", "patch"]
    return {"name": name, "kind": kind, "singularName": kind.lower(), "namespaced": True, "verbs": verbs}


class ApiServer(ThreadingHTTPServer):
    """Serves one rule object until it is `deleted`, or none of our kinds."""

    daemon_threads = True

    def __init__(self, *, kinds: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        metadata = {"namespace": "default", "uid": "uid-1", "resourceVersion": "1", "generation": 1}
        self.object: dict[str, Any] = {**rule(), "metadata": {**rule()["metadata"], **metadata}}
        self.deleted = threading.Event()
        self.unauthorized = threading.Event()
        self.watch_errors: list[int] = []  # codes of ERROR events, each of which ends one watch of rules
        group = {"name": "xray.cruddur.io", "versions": [{"version": "v1alpha1"}]}
        self.responses: dict[str, Any] = {
            "/api": {"versions": ["v1"]},
            "/api/v1": {"resources": [_resource("namespaces", "Namespace")]},
            "/apis": {"groups": [{**group, "preferredVersion": {"version": "v1alpha1"}}]},
        }
        if kinds:
            ours = [_resource("xraysamplingrules", "XRaySamplingRule"), _resource("xraygroups", "XRayGroup")]
            self.responses[API] = {"resources": ours}

    def merge(self, patch: dict[str, Any]) -> dict[str, Any]:
        """Merge a PATCH of metadata or status into the object."""
        for part, members in patch.items():
            merged = {**self.object.get(part, {}), **members}
            self.object[part] = {name: value for name, value in merged.items() if value is not None}
        self.object["metadata"]["resourceVersion"] = str(int(self.object["metadata"]["resourceVersion"]) + 1)
        return self.object


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self.server.unauthorized.is_set():
            self._respond(401, {"message": "Unauthorized"})
        elif "watch=true" in query:
            self._watch(path.endswith("rules"))
        elif path in self.server.responses:
            self._respond(200, self.server.responses[path])
        elif path.startswith(API) and API in self.server.responses:
            items = [] if path.endswith("groups") or self.server.deleted.is_set() else [self.server.object]
            self._respond(200, {"metadata": {"resourceVersion": "1"}, "items": items})
        else:
            self._respond(404, {"message": "not found"})

    def do_PATCH(self) -> None:
        self._respond(200, self.server.merge(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

    def do_POST(self) -> None:
        self._respond(201, {})

    def _watch(self, rules: bool) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.deleted.wait(0.05) and not self.server.unauthorized.is_set():
            if rules and self.server.watch_errors:
                code = self.server.watch_errors.pop()
                self.wfile.write(json.dumps({"type": "ERROR", "object": {"code": code}}).encode() + b"\n")
                return
        if rules and self.server.deleted.is_set():
            self.wfile.write(json.dumps({"type": "DELETED", "object": self.server.object}).encode() + b"\n")
            self.wfile.flush()
            time.sleep(0.05)

    def _respond(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Log nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[ApiServer], str]]:
    """Return a function that runs an API server and returns its address."""
    running: list[ApiServer] = []

    def start(server: ApiServer) -> str:
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.deleted.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Hide this machine's clusters and AWS accounts, and restore logging."""
    for name in ("KUBECONFIG", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    root, names = logging.getLogger(), ("", "kopf", "aiohttp", "botocore")
    handlers_before, levels = [*root.handlers], [logging.getLogger(name).level for name in names]
    yield
    root.handlers[:] = handlers_before
    for name, level in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(level)


def kubeconfig(monkeypatch: pytest.MonkeyPatch, folder: Path, server: str) -> None:
    """Write a kubeconfig and set KUBECONFIG."""
    config = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "test", "user": {"token": "secret"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))


def start_error(**options: str) -> str:
    """Return the line that says why the operator cannot start."""
    with pytest.raises((StartError, CredentialsError)) as raised:
        run(settings.read_all({"region": "us-east-1", "listen": "127.0.0.1:0", **options}, {}))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_kubeconfig_has_the_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Outside a pod."""
    kubeconfig(monkeypatch, tmp_path, "https://cluster.test:6443")
    found = find_credentials()
    assert (found.server, found.token) == ("https://cluster.test:6443", "secret")


def test_missing_or_invalid_kubeconfig_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither without a file, nor with an unreadable one."""
    assert start_error() == "no cluster credentials found: expected a pod's service account, or KUBECONFIG"
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert start_error() == f"kubeconfig: '{tmp_path}/none': no such file or directory"
    (tmp_path / "invalid").write_text("clusters: none")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "invalid"))
    assert start_error().startswith(f"kubeconfig: '{tmp_path}/invalid': not a valid kubeconfig: ")


def test_missing_region_is_one_line() -> None:
    """The message says where to set it."""
    with pytest.raises(GatewayError, match="no AWS region is set: expected AWS_REGION or --region"):
        run(settings.read_all({}, {}))


def test_unreachable_cluster_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """The message names the address."""
    port = free_port()
    kubeconfig(monkeypatch, tmp_path, f"http://127.0.0.1:{port}")
    assert start_error().startswith(f"the Kubernetes API did not answer: Cannot connect to host 127.0.0.1:{port}")


def test_missing_crds_are_one_line(
    serve: Callable[[ApiServer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message says where they are."""
    kubeconfig(monkeypatch, tmp_path, serve(ApiServer(kinds=False)))
    expected = "the cluster does not serve XRaySamplingRule, XRayGroup: expected their CRDs (charts/cruddur/crds)"
    assert start_error() == expected


def test_port_in_use_is_one_line(
    serve: Callable[[ApiServer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message names the option and its value."""
    kubeconfig(monkeypatch, tmp_path, serve(ApiServer()))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        error = start_error(listen=address, log_level="debug")
    assert error.startswith(f"--listen: {address!r}: ")
    assert error.endswith("address already in use: expected an unused address")


def test_unknown_listen_host_is_one_line(
    serve: Callable[[ApiServer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The reason is the resolver's."""
    kubeconfig(monkeypatch, tmp_path, serve(ApiServer()))
    error = start_error(listen="no-such-host.invalid:8080")
    assert error.startswith("--listen: 'no-such-host.invalid:8080': ")
    assert "Unknown error" not in error


def test_exit_code_and_message_of_a_failed_start(capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid setting is a usage error; the others are not."""
    assert main(["run", "--interval", "often"], {}) == 64
    assert main(["run"], {"AWS_REGION": "us-east-1"}) == 1
    assert capsys.readouterr().err.splitlines() == [
        "xray-operator: --interval: 'often': expected a number from 1 to 86400",
        "xray-operator: no cluster credentials found: expected a pod's service account, or KUBECONFIG",
    ]


def test_kopf_posts_no_events_and_scans_nothing() -> None:
    """The operator has no permission to read CRDs or namespaces."""
    ours = kopf_watch.settings()
    assert (ours.posting.enabled, ours.scanning.disabled) == (False, True)


def test_kopf_stores_no_last_handled_configuration() -> None:
    """Only change handlers would need it, and there are none."""
    storage, body, patch = kopf_watch.settings().persistence.diffbase_storage, kopf.Body({"spec": {}}), kopf.Patch()
    storage.store(body=body, patch=patch, essence=storage.build(body=body))
    assert (storage.build(body=body), storage.fetch(body=body), dict(patch)) == ({}, None, {})


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def get(port: int, path: str) -> str:
    """Return the text of a probe."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=SECONDS) as response:
        text: bytes = response.read()
        return text.decode()


@contextmanager
def operator_process(log: Path, endpoint: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an operator whose log goes to a file; it is killed if the test has not ended it."""
    arguments = ["--region", "us-east-1", "--endpoint", endpoint, "--listen", "127.0.0.1:0", "--interval", "1"]
    command = [sys.executable, "-c", NAMELESS, "run", *arguments]
    with log.open("w") as errors, subprocess.Popen(command, stderr=errors) as process:
        try:
            yield process
        finally:
            process.kill()


def is_alive(log: Path) -> bool:
    """Return whether /healthz is OK; it is not for a moment while the watches start again."""
    try:
        return get(probes_port(log), "/healthz") == "ok\n"
    except urllib.error.HTTPError:
        return False


def probes_port(log: Path) -> int:
    """Return the port of the probes."""
    lines = log.read_text().splitlines()
    return next(int(json.loads(line)["port"]) for line in lines if "operator.started" in line)


@pytest.fixture
def server(serve: Callable[[ApiServer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ApiServer:
    """An API server that the environment names, with keys for xray-local."""
    made = ApiServer()
    kubeconfig(monkeypatch, tmp_path, serve(made))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    return made


@pytest.mark.process
def test_process_manages_an_object_until_sigterm(server: ApiServer, tmp_path: Path, xray_local: Any) -> None:
    """The probes answer, the exit code is 0, and the log is JSON."""
    client = boto3.client("xray", endpoint_url=xray_local.api, region_name="us-east-1")

    def names() -> list[str]:
        return [record["SamplingRule"]["RuleName"] for record in client.get_sampling_rules()["SamplingRuleRecords"]]

    log = tmp_path / "log"
    with operator_process(log, xray_local.api) as operator:
        wait_for(lambda: names() == ["backend", "Default"])
        port = probes_port(log)
        assert [get(port, path) for path in ("/healthz", "/readyz")] == ["ok\n", "ok\n"]
        wait_for(lambda: "xray_operator_objects{" in get(port, "/metrics"))
        assert server.object["metadata"]["finalizers"] == ["xray.cruddur.io/finalizer"]
        server.deleted.set()
        wait_for(lambda: "xray_operator_objects{" not in get(port, "/metrics"))
        operator.send_signal(signal.SIGTERM)
        assert operator.wait(SECONDS) == 0
    client.close()
    assert {json.loads(line)["level"] for line in log.read_text().splitlines()} <= {"INFO", "WARNING"}


@pytest.mark.process
def test_process_survives_401_and_errors_in_a_watch(server: ApiServer, tmp_path: Path, xray_local: Any) -> None:
    """After an error its watches start again, after a 401 they go on; no traceback, and SIGTERM ends it as before."""
    log = tmp_path / "log"
    with operator_process(log, xray_local.api) as operator:
        wait_for(lambda: "finalizers" in server.object["metadata"])
        server.watch_errors.append(500)
        wait_for(lambda: "watch.failed" in log.read_text())
        wait_for(lambda: is_alive(log))
        server.unauthorized.set()
        time.sleep(1)
        server.unauthorized.clear()
        server.deleted.set()
        wait_for(lambda: "xray_operator_objects{" not in get(probes_port(log), "/metrics"))
        operator.send_signal(signal.SIGTERM)
        assert operator.wait(SECONDS) == 0
    assert log.read_text().count("watch.failed") == 1
    assert "Traceback" not in log.read_text()
    assert all(json.loads(line) for line in log.read_text().splitlines())
