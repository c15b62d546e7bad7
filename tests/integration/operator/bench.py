"""What the tests of the operator act on: one namespace, kubectl, AWS, and waiting for what is promised."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

from tests.integration.faults.aws import Aws
from tools.local_cluster import ApiError, Cluster
from tools.operator_process import OperatorProcess
from xray_model import Group, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.kubernetes.crds import VERSION
from xray_operator.manifests.manifest import API_GROUP, API_VERSION

PATIENCE = 30.0  # seconds
_POLL_SECONDS = 0.03
_PLURALS = {"XRaySamplingRule": "xraysamplingrules", "XRayGroup": "xraygroups"}
_SHORT = {"xsr": "xraysamplingrules", "xg": "xraygroups"}
_Seen = TypeVar("_Seen")


def rule(name: str = "checkout", **spec: Any) -> dict[str, Any]:
    """Write a rule's manifest."""
    return _manifest("XRaySamplingRule", name, {"priority": 100, "fixedRate": 0.1, "reservoirSize": 1, **spec})


def group(name: str = "slow", **spec: Any) -> dict[str, Any]:
    """Write a group's manifest."""
    return _manifest("XRayGroup", name, {"filterExpression": "responsetime > 2", **spec})


def _manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in spec.items() if value is not None}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": given}


@dataclass(frozen=True, slots=True)
class Bench:
    """One namespace; objects are named as for kubectl, as `xsr/checkout`."""

    cluster: Cluster
    aws: Aws
    operator: OperatorProcess
    namespace: str

    def __post_init__(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump(namespace))

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, text=text, check=check)

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """Apply manifests as a person does."""
        text = yaml.safe_dump_all(manifests)
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=text)

    def delete(self, name: str) -> None:
        """Ask for a deletion and wait until it is done."""
        self.kubectl("delete", name, f"--timeout={int(PATIENCE)}s")

    def read(self, name: str) -> dict[str, Any]:
        """Read an object."""
        kind, _, object_name = name.partition("/")
        path = f"/apis/{API_GROUP}/{VERSION}/namespaces/{self.namespace}/{_SHORT[kind]}/{object_name}"
        return dict(self.cluster.admin.call("GET", path))

    def status(self, name: str) -> dict[str, Any]:
        """Read an object's status, as far as it is about the present spec."""
        body = self.read(name)
        status: dict[str, Any] = body.get("status") or {}
        return status if status.get("observedGeneration") == body["metadata"]["generation"] else {}

    def condition(self, name: str, kind: str) -> str:
        """Give a condition as `True InSync`, or nothing."""
        found = [one for one in self.status(name).get("conditions", []) if one["type"] == kind]
        return f"{found[0]['status']} {found[0]['reason']}" if found else ""

    def message(self, name: str, kind: str = "Synced") -> str:
        """Give a condition's message."""
        return next(str(one["message"]) for one in self.status(name)["conditions"] if one["type"] == kind)

    def warns(self, name: str, words: str) -> bool:
        """Tell whether one of an object's warnings has these words."""
        return any(words in one for one in self.status(name).get("lint", []))

    def ready(self, name: str) -> None:
        """Wait until an object is in step."""
        self.until(lambda: self.condition(name, "Synced"), "True InSync")

    def synced(self, name: str, wanted: str) -> None:
        """Wait for the state and reason of Synced."""
        self.until(lambda: self.condition(name, "Synced"), wanted)

    def in_aws(self, name: str, kind: str = "rule") -> SamplingRule | Group | None:
        """Read what AWS holds."""
        try:
            held = self.aws.find(("rule" if kind == "rule" else "group", name))
        except GatewayError:
            return None
        return held.value if held else None

    def rate(self, name: str = "checkout") -> float | None:
        """Read a rule's rate in AWS; None when there is no such rule."""
        value = self.in_aws(name)
        return value.fixed_rate if isinstance(value, SamplingRule) else None

    def tags(self, name: str, kind: str = "rule") -> dict[str, str] | None:
        """Read an object's tags in AWS."""
        held = self.aws.find(("rule" if kind == "rule" else "group", name))
        return self.aws.tags(held) if held else None

    def events(self, name: str) -> list[str]:
        """Give the reasons of an object's events, in the order of their making."""
        path = (
            f"/api/v1/namespaces/{self.namespace}/events?fieldSelector=involvedObject.name%3D{name.partition('/')[2]}"
        )
        items = self.cluster.admin.call("GET", path)["items"]
        return [one["reason"] for one in sorted(items, key=lambda one: int(one["metadata"]["resourceVersion"]))]

    def patches(self, since: int = 0) -> list[tuple[str, str]]:
        """Give the operator's PATCHes in this namespace from the audit log: the object and the subresource."""
        found = []
        for one in self.cluster.audited("serviceaccount")[since:]:
            target = one.get("objectRef", {})
            if one["verb"] == "patch" and target.get("namespace") == self.namespace:
                found.append((str(target["name"]), str(target.get("subresource", ""))))
        return found

    def look_anew(self, name: str, token: str) -> None:
        """Have AWS read by the annotation, and wait until that is acknowledged."""
        self.kubectl("annotate", name, f"xray.cruddur.io/reconcile-at={token}", "--overwrite")
        self.until(lambda: self.read(name).get("status", {}).get("lastHandledReconcileAt"), token)

    def look_at_aws(self) -> None:
        """Wait until the operator has read AWS twice more, so that it knows what is there now."""
        self.aws.forget_calls()
        self.until(lambda: self.aws.operators_calls().count("GetGroups") >= 2, wanted=True)

    def until(self, look: Callable[[], _Seen], wanted: _Seen) -> None:
        """Wait until a look gives what is wanted."""
        end = time.monotonic() + PATIENCE
        while (seen := self._looked(look)) != wanted:
            assert time.monotonic() < end, f"saw {seen!r}, expected {wanted!r}:\n{self.operator.log[-3000:]}"
            time.sleep(_POLL_SECONDS)

    def _looked(self, look: Callable[[], _Seen]) -> _Seen | None:
        try:
            return look()
        except ApiError:  # it is not there, or the API server is away
            return None

    def terminate(self) -> None:
        """Delete the namespace; it is terminating from then on."""
        self.kubectl("delete", "namespace", self.namespace, "--wait=false")
        path = f"/api/v1/namespaces/{self.namespace}"
        self.until(lambda: self.cluster.admin.call("GET", path)["status"]["phase"], "Terminating")

    def delete_content(self) -> None:
        """Delete what is in the namespace, as a controller does that is not here, and wait until it is gone."""
        self.kubectl("delete", "xray", "--all", f"--timeout={int(PATIENCE)}s")
        assert self.kubectl("get", "xray", "-o", "name") == ""

    def clear(self) -> None:
        """Delete the namespace's objects, so that the next test finds nothing."""
        self.aws.script([])
        self.kubectl("delete", "xray", "--all", f"--timeout={int(PATIENCE)}s")
