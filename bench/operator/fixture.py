"""What the measurements run on: a real kube-apiserver with etcd, xray-local, and the operators as processes.

Both operators are selected by name: "ours" under exactly the chart's permissions, "stock" under every permission.
"""

import http.client
import json
import os
import socket
import ssl
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from bench.processes import BenchError, Server, running
from tools import local_cluster
from tools.local_cluster import Client, Cluster, free_port

BIN = Path(sys.executable).parent
STOCK = Path(__file__).parent / "stock.py"
NAMESPACE = "default"
RULES = f"/apis/xray.cruddur.io/v1alpha1/namespaces/{NAMESPACE}/xraysamplingrules"
USERS = {"ours": "system:serviceaccount:default:operator", "stock": "system:serviceaccount:default:stock"}
AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


class Connection:
    """One kept-alive connection to the API server, so that what is measured is not our own handshakes."""

    def __init__(self, client: Client) -> None:
        address = urlsplit(client.server)
        context = ssl.create_default_context(cafile=str(client.ca))
        self._http = http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=60)
        self._headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """Make a call and return its answer; BenchError when it is refused."""
        try:
            answer = self.open(method, path, body, content)
        except http.client.RemoteDisconnected:  # it was idle for too long
            answer = self.open(method, path, body, content)
        return json.loads(answer.read())

    def open(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """Make a call and return the response unread, as a watch needs it."""
        data = None if body is None else json.dumps(body)
        self._http.request(method, path, data, self._headers | {"Content-Type": content})
        answer = self._http.getresponse()
        if answer.status >= 400:
            raise BenchError(f"{method} {path} answered {answer.status}: {answer.read(500)!r}")
        return answer

    def close(self) -> None:
        """Close it; a watch on it ends at once."""
        if self._http.sock is not None:
            self._http.sock.shutdown(socket.SHUT_RDWR)
        self._http.close()


@dataclass(frozen=True, slots=True)
class Operator:
    """A running operator and its metrics' address."""

    server: Server
    url: str

    def metrics(self) -> str:
        """Scrape ours."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            return str(answer.read().decode())


@dataclass(frozen=True, slots=True)
class Fixture:
    """The running API server and AWS."""

    cluster: Cluster
    api: Connection
    folder: Path
    xray: str

    @contextmanager
    def operator(self, name: str, **options: str | float) -> Iterator[Operator]:
        """Run an operator until the block ends; it has answered its health probe when the block begins."""
        url = f"http://127.0.0.1:{free_port()}"
        if name == "ours":
            listen = url.removeprefix("http://")
            given = [f"--{option}={value}" for option, value in options.items()]
            command = [str(BIN / "xray-operator"), "run", f"--listen={listen}", *given]
        else:
            command = [str(BIN / "kopf"), "run", "--all-namespaces", f"--liveness={url}/healthz", str(STOCK)]
        environment = {**AWS, "AWS_ENDPOINT_URL_XRAY": self.xray, "KUBECONFIG": str(self.folder / name)}
        with running(command, f"{url}/healthz", environment=environment, pinned=os.sched_getaffinity(0)) as server:
            yield Operator(server, url)

    def aws(self) -> Any:
        """Return a boto3 client, as another client that edits AWS has it."""
        keys = {"aws_access_key_id": "another", "aws_secret_access_key": "client"}
        return boto3.client("xray", endpoint_url=self.xray, region_name="us-east-1", **keys)

    def aws_calls(self, operation: str) -> list[float]:
        """Return the times of an operation's calls since the log was emptied."""
        return [request["time"] for request in self._local("GET", "requests") if request["operation"] == operation]

    def forget_aws_calls(self) -> None:
        """Empty the log of calls to AWS."""
        self._local("DELETE", "requests")

    def reset_aws(self) -> None:
        """Empty AWS."""
        self._local("POST", "reset")

    def replace_all(self, bodies: Sequence[Any]) -> None:
        """Delete all objects and create others."""
        self.delete_all()
        for body in bodies:
            self.api.call("POST", RULES, body)

    def list(self) -> list[Any]:
        """List the objects."""
        return list(self.api.call("GET", RULES)["items"])

    def delete_all(self) -> None:
        """Delete all objects, none of which may have a finalizer."""
        self.api.call("DELETE", RULES)

    def _local(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"{self.xray}/_local/{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def started(folder: Path) -> Iterator[Fixture]:
    """Start everything but the operators, and end it with the block."""
    port = free_port()
    others = ["--agent-port", "0", "--otlp-port", "0"]
    local = [str(BIN / "xray-local"), "serve", "--api-port", str(port), *others]
    url = f"http://127.0.0.1:{port}"
    with (
        local_cluster.running(folder / "cluster") as api,
        running(local, f"{url}/_local/health", pinned=os.sched_getaffinity(0)),
    ):
        api.operator_client().kubeconfig(folder / "ours")
        _everything(api, "stock").kubeconfig(folder / "stock")
        connection = Connection(api.admin)
        try:
            yield Fixture(api, connection, folder, url)
        finally:
            connection.close()


def _everything(api: Cluster, name: str) -> Client:
    """Return a token of a service account that may do everything."""
    api.kubectl("create", "serviceaccount", name, "-n", NAMESPACE)
    account = f"--serviceaccount={NAMESPACE}:{name}"
    api.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", account)
    token = api.kubectl("create", "token", name, "-n", NAMESPACE, "--duration=1h").strip()
    return Client(api.admin.server, api.admin.ca, token)


def rule(name: str, priority: int, **spec: Any) -> dict[str, Any]:
    """Return a manifest."""
    whole = {"priority": priority, "fixedRate": 0.1, "reservoirSize": 1, "serviceName": "backend-flask", **spec}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "xray.cruddur.io/v1alpha1", "kind": "XRaySamplingRule", "metadata": metadata, "spec": whole}
