"""The fixture of the operator's integration tests: a namespace, kubectl, AWS, and waiting for a state."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import yaml

from tests.integration.faults.aws import Aws
from tools.local_cluster import ApiError, Cluster, lease_of
from tools.operator_process import OperatorProcess
from xray_model import Group, SamplingRule
from xray_operator.aws.objects import AwsObject, Kind, Value
from xray_operator.kubernetes.crds import VERSION
from xray_operator.manifests.kinds import KINDS
from xray_operator.manifests.manifest import API_GROUP, API_VERSION

CLUSTER_ID = "test"
WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_KINDS: Mapping[str, Kind] = {info.short_name: kind for kind, info in KINDS.items()}
_State = TypeVar("_State")


def rule(name: str = "checkout", **spec: Any) -> dict[str, Any]:
    """Return a rule's manifest; fields that are None are omitted."""
    return _manifest("XRaySamplingRule", name, {"priority": 100, "fixedRate": 0.1, "reservoirSize": 1, **spec})


def group(name: str = "slow", **spec: Any) -> dict[str, Any]:
    """Return a group's manifest; fields that are None are omitted."""
    return _manifest("XRayGroup", name, {"filterExpression": "responsetime > 2", **spec})


def _manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    present = {key: value for key, value in spec.items() if value is not None}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": present}


def resource_path(manifest: Mapping[str, Any], namespace: str) -> str:
    """Return the path of a manifest's resource in the Kubernetes API."""
    [info] = [info for info in KINDS.values() if info.name == manifest["kind"]]
    return f"/apis/{API_GROUP}/{VERSION}/namespaces/{namespace}/{info.plural}/{manifest['metadata']['name']}"


def make_operator(
    api_server: Cluster, aws: Aws, folder: Path, namespaces: tuple[str, ...] = (), **options: float | str
) -> OperatorProcess:
    """Return an operator that is not started yet: it has the chart's rights, a Lease, and reads AWS each second."""
    folder.mkdir(exist_ok=True)
    kubeconfig = api_server.operator_client(namespaces).kubeconfig(folder / "kubeconfig")
    watched = {"namespaces": ",".join(namespaces)} if namespaces else {}
    lease = {"lease": "/".join(lease_of(namespaces)), "identity": "operator"}
    settings = {"cluster_id": CLUSTER_ID, "interval": 1, "aws_timeout": 1, **lease, **watched, **options}
    return OperatorProcess(folder, api=aws.api, kubeconfig=kubeconfig, **settings)


@dataclass(frozen=True, slots=True)
class OperatorFixture:
    """One namespace of an API server, and an operator; objects have kubectl's names, such as `xsr/checkout`."""

    cluster: Cluster
    aws: Aws
    process: OperatorProcess
    namespace: str

    def __post_init__(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump(namespace))

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        """Run kubectl in the namespace and return its output."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, text=text, check=check)

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """Apply manifests as a user does."""
        text = yaml.safe_dump_all(manifests)
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=text)

    def apply_in_sync(self, *manifests: Mapping[str, Any]) -> None:
        """Apply manifests and wait until AWS matches them."""
        self.apply(*manifests)
        for manifest in manifests:
            [short_name] = [info.short_name for info in KINDS.values() if info.name == manifest["kind"]]
            self.wait_in_sync(f"{short_name}/{manifest['metadata']['name']}")

    def delete(self, name: str) -> None:
        """Delete an object and wait until it no longer exists."""
        self.kubectl("delete", name, f"--timeout={int(WAIT_SECONDS)}s")

    def read(self, name: str) -> dict[str, Any]:
        """Read an object."""
        short_name, _, object_name = name.partition("/")
        plural = KINDS[_KINDS[short_name]].plural
        path = f"/apis/{API_GROUP}/{VERSION}/namespaces/{self.namespace}/{plural}/{object_name}"
        return dict(self.cluster.admin.call("GET", path))

    def finalizers(self, name: str) -> list[str]:
        """Return an object's finalizers."""
        return list(self.read(name)["metadata"].get("finalizers", []))

    def status(self, name: str) -> dict[str, Any]:
        """Return an object's status; empty until it is about the current spec."""
        body = self.read(name)
        status: dict[str, Any] = body.get("status") or {}
        return status if status.get("observedGeneration") == body["metadata"]["generation"] else {}

    def condition(self, name: str, condition_type: str) -> str:
        """Return a condition as `True InSync`; empty if there is none."""
        return _state(self.status(name), condition_type)

    def message(self, name: str, condition_type: str = "Synced") -> str:
        """Return a condition's message."""
        conditions = self.status(name)["conditions"]
        return next(str(condition["message"]) for condition in conditions if condition["type"] == condition_type)

    def events(self, name: str) -> list[str]:
        """Return the reasons of an object's events, in the order of their creation."""
        selector = f"fieldSelector=involvedObject.name%3D{name.partition('/')[2]}"
        items = self.cluster.admin.call("GET", f"/api/v1/namespaces/{self.namespace}/events?{selector}")["items"]
        return [event["reason"] for event in sorted(items, key=lambda event: int(event["metadata"]["resourceVersion"]))]

    def patches(self) -> list[tuple[str, str]]:
        """Return the operator's PATCHes in this namespace from the audit log: name and subresource."""
        found = []
        for entry in self.cluster.audited("serviceaccount"):
            target = entry.get("objectRef", {})
            if entry["verb"] == "patch" and target.get("namespace") == self.namespace:
                found.append((str(target["name"]), str(target.get("subresource", ""))))
        return found

    def wait_in_sync(self, name: str) -> None:
        """Wait until AWS matches an object."""
        self.wait_synced(name, "True InSync")

    def wait_synced(self, name: str, expected: str) -> None:
        """Wait for the status and reason of Synced, such as `False Duplicate`."""
        self.wait_until(lambda: self.condition(name, "Synced"), expected)

    def wait_until(self, read: Callable[[], _State], expected: _State) -> None:
        """Read until the result is the expected one; an error of the API server counts as no result."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (state := _attempt(read)) != expected:
            assert time.monotonic() < deadline, f"read {state!r}, expected {expected!r}:\n{self.process.log[-3000:]}"
            time.sleep(_POLL_SECONDS)

    def wait_for_reads(self, count: int = 2) -> list[str]:
        """Wait until the operator has read AWS so many times from now on, and return its calls."""
        self.aws.forget_calls()
        self.wait_until(lambda: self.calls().count("GetGroups") >= count, expected=True)
        return self.calls()

    def request_read(self, name: str, token: str) -> None:
        """Request a read of AWS by the annotation, and wait until the status acknowledges it."""
        self.kubectl("annotate", name, f"xray.cruddur.io/reconcile-at={token}", "--overwrite")
        self.wait_until(lambda: self.read(name).get("status", {}).get("lastHandledReconcileAt"), token)

    def calls(self) -> list[str]:
        """Return the operator's calls to AWS since they were last forgotten."""
        return self.aws.operators_calls()

    def aws_object(self, name: str, kind: Kind = "rule") -> AwsObject | None:
        """Read an object in AWS."""
        return self.aws.find((kind, name))

    def aws_value(self, name: str, kind: Kind = "rule") -> SamplingRule | Group | None:
        """Read the value of an object in AWS; None if there is none."""
        found = self.aws_object(name, kind)
        return found.value if found else None

    def rate(self, name: str = "checkout") -> float | None:
        """Read a rule's rate in AWS; None if there is no such rule."""
        value = self.aws_value(name)
        return value.fixed_rate if isinstance(value, SamplingRule) else None

    def tags(self, name: str, kind: Kind = "rule") -> dict[str, str] | None:
        """Read an object's tags in AWS; None if there is no such object."""
        found = self.aws_object(name, kind)
        return self.aws.tags(found) if found else None

    def create_in_aws(self, value: Value, tags: Mapping[str, str] | None = None) -> None:
        """Create an object in AWS outside the operator."""
        self.aws.create(value, tags or {})

    def update_in_aws(self, value: Value) -> None:
        """Update an object in AWS outside the operator."""
        self.aws.gateway.update(value)

    def delete_in_aws(self, name: str, kind: Kind = "rule") -> None:
        """Delete an object in AWS outside the operator."""
        found = self.aws_object(name, kind)
        assert found is not None
        self.aws.gateway.delete(kind, found.arn)

    def report_statistics(self, name: str, **counts: int) -> None:
        """Report a rule's statistics to AWS as an SDK does."""
        credentials = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        client = boto3.client("xray", endpoint_url=self.aws.api, region_name="us-east-1", **credentials)
        now = client.get_sampling_rules()["ResponseMetadata"]["HTTPHeaders"]["date"]
        document = {"RuleName": name, "ClientID": "0" * 24, "Timestamp": now, **counts}
        client.get_sampling_targets(SamplingStatisticsDocuments=[document])
        client.close()

    def terminate_namespace(self) -> None:
        """Delete the namespace and wait until it is terminating; there is no controller that ends it."""
        self.kubectl("delete", "namespace", self.namespace, "--wait=false")
        path = f"/api/v1/namespaces/{self.namespace}"
        self.wait_until(lambda: self.cluster.admin.call("GET", path)["status"]["phase"], "Terminating")

    def delete_all(self) -> None:
        """Delete the namespace's objects, and wait until none exists."""
        self.kubectl("delete", "xray", "--all", f"--timeout={int(WAIT_SECONDS)}s")
        assert self.kubectl("get", "xray", "-o", "name") == ""


def _state(status: Mapping[str, Any], condition_type: str) -> str:
    states = {
        condition["type"]: f"{condition['status']} {condition['reason']}" for condition in status.get("conditions", [])
    }
    return states.get(condition_type, "")


def _attempt(read: Callable[[], _State]) -> _State | None:
    try:
        return read()
    except ApiError:
        return None
