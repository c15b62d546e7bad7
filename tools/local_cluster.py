"""A real kube-apiserver with etcd, without kubelets: CRDs, CEL, RBAC, watches and an audit log, on free ports.

`make cluster-tools` puts the binaries into bin/. The integration tests, the walkthrough and the benchmark run on it.
"""

import base64
import contextlib
import itertools
import json
import os
import random
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.provide import ROOT, tool_path

CRDS = ROOT / "charts/cruddur/crds"
RULES = ROOT / "charts/cruddur/files/operator-rules.yaml"
LEASE_RULES = ROOT / "charts/cruddur/files/lease-rules.yaml"
START_SECONDS = 60
ADMIN = "admin"


# In random order, so that two processes hardly meet; no system gives one of these to a socket that asks for any port.
_PORTS = itertools.cycle(random.sample(range(20_000, 30_000), 10_000))


def free_port() -> int:
    """Return a free TCP port, which no socket is given by chance before it is used."""
    return next(filter(_is_free, _PORTS))


def _is_free(port: int) -> bool:
    with socket.socket() as listener, contextlib.suppress(OSError):
        listener.bind(("127.0.0.1", port))
        return True
    return False


class ApiError(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks to the API server with one token; bodies are JSON."""

    server: str
    ca: Path
    token: str

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """Make a call and return its answer, or raise ApiError."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server}{path}", data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", content)
        context = ssl.create_default_context(cafile=str(self.ca))
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                text = answer.read()
                return json.loads(text) if text[:1] in {b"{", b"["} else text.decode()
        except urllib.error.HTTPError as error:
            text = error.read()
            message = json.loads(text).get("message", "") if text[:1] == b"{" else text.decode()
            raise ApiError(error.code, message) from error

    def kubeconfig(self, file: Path, server: str | None = None) -> Path:
        """Write a kubeconfig with this token."""
        cluster = {"server": server or self.server}
        if cluster["server"].startswith("https"):
            cluster["certificate-authority"] = str(self.ca)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        file.write_text(yaml.safe_dump(config))
        return file


class Cluster:
    """One API server with its etcd; `restart` keeps what is stored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.audit = folder / "audit.log"
        self._etcd_ports = free_port(), free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._token = secrets.token_hex(16)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def admin(self) -> Client:
        """A client that may do everything."""
        return Client(f"https://127.0.0.1:{self.port}", self.folder / "certs/apiserver.crt", self._token)

    def start(self) -> None:
        """Start etcd and the API server, and wait until it is ready."""
        (self.folder / "tokens.csv").write_text(f"{self._token},{ADMIN},{ADMIN},system:masters\n")
        (self.folder / "sa.key").write_text(_signing_key())
        (self.folder / "audit.yaml").write_text(json.dumps(_AUDIT_POLICY))
        self._start_etcd()
        self._start_api_server()

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in self._etcd_ports)
        self._run(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=error",
        )

    def _start_api_server(self) -> None:
        key = self.folder / "sa.key"
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_ports[0]}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder / 'certs'}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--service-account-issuer=https://cluster.test",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--disable-admission-plugins=ServiceAccount",
            f"--audit-policy-file={self.folder / 'audit.yaml'}",
            f"--audit-log-path={self.audit}",
            "--v=0",
        )
        self._wait()

    def _run(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen([tool_path(name), *arguments], stdout=log, stderr=log)

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    log = (self.folder / f"{name}.log").read_text()
                    raise RuntimeError(f"{name} ended with {process.returncode}: {log[-2000:]}")
            with contextlib.suppress(OSError, ApiError):  # OSError: URLError and a certificate not written yet
                self.admin.call("GET", "/readyz")
                self.admin.call("GET", "/api/v1/namespaces/default")
                return
            time.sleep(0.1)
        raise RuntimeError(f"the API server was not ready in {START_SECONDS} s; see {self.folder}")

    def stop_api_server(self) -> None:
        """Stop the API server at once; etcd stays."""
        self._stop("kube-apiserver", signal.SIGKILL)

    def restart_api_server(self) -> None:
        """Start the API server again."""
        self._start_api_server()

    def compact(self) -> None:
        """Make etcd forget all old revisions, so that watches from before get 410."""
        endpoint = f"http://127.0.0.1:{self._etcd_ports[0]}/v3/kv"
        whole = base64.b64encode(b"\0").decode()
        revision = _post(f"{endpoint}/range", {"key": whole, "limit": 1})["header"]["revision"]
        with contextlib.suppress(urllib.error.HTTPError):  # it has been compacted already
            _post(f"{endpoint}/compaction", {"revision": revision, "physical": True})

    def stop(self) -> None:
        """Stop everything."""
        for name in list(self._processes)[::-1]:
            self._stop(name, signal.SIGTERM if name == "etcd" else signal.SIGKILL)

    def _stop(self, name: str, number: signal.Signals) -> None:
        process = self._processes.pop(name)
        process.send_signal(number)
        process.wait(timeout=START_SECONDS)

    def install_crds(self) -> None:
        """Apply the chart's CRDs and wait until they are served."""
        for file in sorted(CRDS.glob("*.yaml")):
            self.kubectl("apply", "--server-side", "-f", str(file))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        self._wait_discovered()

    def _wait_discovered(self) -> None:
        """Wait until kubectl finds the CRDs' category: discovery, which it caches, is behind what is established."""
        until = time.monotonic() + START_SECONDS
        while "resource type" in (output := self.kubectl("get", "xray", "--all-namespaces", check=False)):
            if time.monotonic() > until:
                raise RuntimeError(f"the CRDs were not discovered in {START_SECONDS} s: {output}")
            shutil.rmtree(self.folder / "cache", ignore_errors=True)
            time.sleep(0.1)

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        """Run kubectl as the admin and return its output; stderr is in the error."""
        config = self.folder / "admin.kubeconfig"
        if not config.exists():
            self.admin.kubeconfig(config)
        run = subprocess.run(
            [tool_path("kubectl"), f"--kubeconfig={config}", f"--cache-dir={self.folder / 'cache'}", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if check and run.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {run.stderr.strip()}")
        return run.stdout + run.stderr

    def operator_client(self, namespaces: tuple[str, ...] = ()) -> Client:
        """Return a token of a service account that has exactly the chart's rules: in namespaces, or in the cluster.

        Its Lease is the chart's: it has no spec.
        """
        home, name = lease_of(namespaces)
        client = self.account(name, yaml.safe_load(RULES.read_text()), namespaces)
        rules = yaml.safe_load(LEASE_RULES.read_text().replace("[LEASE]", f"[{name}]"))
        subject = {"kind": "ServiceAccount", "name": name, "namespace": home}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "namespace": home}}
        documents = [lease, *_bound(f"{name}-lease", rules, home, subject)]
        self.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(documents))
        return client

    def account(self, name: str, rules: list[dict[str, Any]], namespaces: tuple[str, ...]) -> Client:
        """Make a service account with these rules, in the first of the namespaces, and return its token."""
        home = namespaces[0] if namespaces else "default"
        account = {"kind": "ServiceAccount", "name": name, "namespace": home}
        documents: list[Mapping[str, Any]] = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": home}}
        ]
        for namespace in namespaces or ("",):
            documents += _bound(name, rules, namespace, account)
        self.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(documents))
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
        answer = self.admin.call("POST", f"/api/v1/namespaces/{home}/serviceaccounts/{name}/token", request)
        for rule, namespace in itertools.product(rules[:1], namespaces or ("",)):
            self._wait_authorized(f"system:serviceaccount:{home}:{name}", rule, namespace)
        return Client(self.admin.server, self.admin.ca, answer["status"]["token"])

    def _wait_authorized(self, user: str, rule: Mapping[str, Any], namespace: str) -> None:
        """Wait until the API server, which learns of roles by a watch, allows what a rule says."""
        target = {"verb": rule["verbs"][0], "group": rule["apiGroups"][0], "resource": rule["resources"][0]}
        target["name"] = rule.get("resourceNames", [""])[0]
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": {"namespace": namespace, **target}},
        }
        until = time.monotonic() + START_SECONDS
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        while not self.admin.call("POST", path, review)["status"]["allowed"]:
            if time.monotonic() > until:
                raise RuntimeError(f"{user}: not allowed to {target} in {START_SECONDS} s")
            time.sleep(0.02)

    def audited(self, user_part: str = "") -> list[dict[str, Any]]:
        """Return the requests that the API server has answered, of the users whose name has a part."""
        lines = self.audit.read_text().splitlines() if self.audit.exists() else []
        entries = [json.loads(line) for line in lines if line.endswith("}")]
        return [entry for entry in entries if user_part in entry.get("user", {}).get("username", "")]


def lease_of(namespaces: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return the namespace and the name of the Lease of an operator for these namespaces."""
    return (namespaces[0] if namespaces else "default"), "-".join(("operator", *namespaces))


def _bound(
    name: str, rules: list[dict[str, Any]], namespace: str, subject: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return a role with these rules in a namespace, or in the cluster, and its binding."""
    kind = "Role" if namespace else "ClusterRole"
    where = {"name": name, **({"namespace": namespace} if namespace else {})}
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": where}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    return [
        {**api, "kind": kind, "rules": rules},
        {**api, "kind": f"{kind}Binding", "roleRef": reference, "subjects": [subject]},
    ]


def _post(url: str, body: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _signing_key() -> str:
    """Make a P-256 key in SEC 1 form; Go computes the public half."""
    key = (int.from_bytes(os.urandom(40)) % (2**255 - 19) + 1).to_bytes(32)
    curve = bytes.fromhex("a00a06082a8648ce3d030107")  # [0] prime256v1
    der = bytes.fromhex("020101") + b"\x04\x20" + key + curve
    text = base64.b64encode(b"\x30" + bytes([len(der)]) + der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{text}\n-----END EC PRIVATE KEY-----\n"


_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "resources": [{"group": "xray.cruddur.io"}, {"group": "", "resources": ["events"]}]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None"},
    ],
}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a cluster with our CRDs, and remove it."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        cluster.install_crds()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder / "etcd", ignore_errors=True)
