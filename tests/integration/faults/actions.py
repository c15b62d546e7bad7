"""What users do to the cluster and to AWS, and how that changes the environment: apply, delete, and edit."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.integration.faults.aws import Aws
from tests.integration.faults.environment import EXPIRED, SYNCED, Environment, Key, Leftover, Wanted, check, key_of
from tools.local_cluster import ApiError, Client
from xray_model import DEFAULT_RULE_FIELDS, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import Kind, Target, Value, kind_of, name_of
from xray_operator.kubernetes.crds import VERSION
from xray_operator.manifests import spec_fields
from xray_operator.manifests.kinds import GROUP, RULE
from xray_operator.manifests.manifest import API_GROUP, API_VERSION
from xray_operator.reasons import Reason

TIMEOUT_SECONDS = 30.0  # seconds; what takes longer is a violation
_POLL_SECONDS = 0.05
_PLURALS: Mapping[Kind, str] = {"rule": RULE.plural, "group": GROUP.plural}
_BUSY = {429, 500, 502, 503, 504}
_MERGE = "application/merge-patch+json"
_PAST = "2020-01-01T00:00:00Z"


class Actions:
    """Acts in one namespace and in AWS, and keeps `environment` in step."""

    def __init__(self, admin: Client, aws: Aws, environment: Environment) -> None:
        self.aws = aws
        self.environment = environment
        self._admin = admin
        self._deleted: set[Key] = set()
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": environment.namespace}}
        self._call("PATCH", f"/api/v1/namespaces/{environment.namespace}{_APPLY}", body)

    def apply(self, wanted: Wanted) -> None:
        """Create or change a resource, after a resource of that name that is still being deleted."""
        if wanted.key in self._deleted:
            self._wait_deleted(wanted.key)
        earlier, taken = self.environment.wanted.get(wanted.key), None
        if wanted.expects == SYNCED:
            taken = self.environment.leftovers.pop(wanted.target, None) or (earlier.taken if earlier else None)
        self.environment.wanted[wanted.key] = replace(wanted, taken=taken)
        self._call("PATCH", f"{self._path(wanted.key)}{_APPLY}", manifest(wanted))

    def expire(self, key: Key) -> None:
        """Let a resource expire: what it had adopted is restored, or nothing remains."""
        wanted = self.environment.wanted[key]
        self.apply(replace(wanted, policies={**wanted.policies, "expiresAt": _PAST}, expects=EXPIRED))
        if wanted.taken is not None and not wanted.value.is_default:
            self.environment.leftovers[wanted.target] = Leftover(wanted.taken.values, wanted.other_tags)

    def delete(self, key: Key, *, possible: tuple[Value, ...] = ()) -> None:
        """Delete a resource. `possible` are the values that AWS may still hold if the operator was slower."""
        wanted = self.environment.wanted.pop(key)
        if wanted.expects == SYNCED:
            self._leave(wanted, possible)
        self._deleted.add(key)
        self._call("DELETE", self._path(key))

    def _leave(self, wanted: Wanted, possible: tuple[Value, ...]) -> None:
        """Note what a deletion leaves in AWS."""
        if wanted.value.is_default:
            if wanted.deletion == "Orphan" and isinstance(wanted.value, SamplingRule):
                self.environment.default_rule = wanted.value
        elif wanted.target in self.environment.leftovers:
            pass  # a foreign object has taken its place
        elif wanted.deletion == "Orphan":
            self.environment.leftovers[wanted.target] = Leftover(
                possible or (wanted.value,), wanted.other_tags, optional=bool(possible)
            )
        elif possible and wanted.taken is not None:
            self.environment.leftovers[wanted.target] = Leftover(possible, wanted.taken.tags, optional=True)

    def foreign(self, value: Value, tags: Mapping[str, str]) -> None:
        """Create a foreign object in AWS."""
        with self.aws.without_faults():
            self.aws.create(value, tags)
            target = kind_of(value), name_of(value)
            self.environment.leftovers[target] = Leftover((value,), tags, self.aws.record(target))

    def edit(self, value: Value) -> None:
        """Change an object in AWS behind the operator's back, if it is there."""
        with self.aws.without_faults():
            _unless_missing(lambda: self.aws.gateway.update(value))

    def remove(self, target: Target) -> None:
        """Delete an object in AWS behind the operator's back, if it is there."""
        for key, item in self.environment.wanted.items():
            if item.target == target:
                self.environment.wanted[key] = replace(item, taken=None)
        with self.aws.without_faults():
            found = self.aws.find(target)
            if found is not None:
                _unless_missing(lambda: self.aws.gateway.delete(found.kind, found.arn))

    def annotate(self, key: Key, annotation: str, text: str) -> None:
        """Set an annotation of a resource."""
        body = {"metadata": {"annotations": {annotation: text}}}
        self._call("PATCH", self._path(key), body, _MERGE)

    def read(self, key: Key) -> dict[str, Any]:
        """Read a resource."""
        return dict(self._call("GET", self._path(key)))

    def vanish(self, key: Key) -> None:
        """Delete a resource whatever finalizers it has."""
        self.delete(key)
        self._without_finalizers(key)

    def reset(self) -> None:
        """Delete everything by force after a failure, with the operator stopped."""
        self.aws.reset()
        for manifest in self._objects():
            self._call("DELETE", self._path(key_of(manifest)))
            self._without_finalizers(key_of(manifest))
        self.environment = Environment(self.environment.namespace)
        self._deleted.clear()

    def clear(self) -> None:
        """Delete every resource here, then its leftovers in AWS, which a pass under way could create again."""
        for key in list(self.environment.wanted):
            self.delete(key)
        for key in list(self._deleted):
            self._wait_deleted(key)
        for target in list(self.environment.leftovers):
            self.remove(target)
            del self.environment.leftovers[target]

    def problems(self) -> list[str]:
        """Return how AWS and the cluster differ from the environment."""
        try:
            return check(self.environment, self.aws, self._objects())
        except GatewayError as error:  # deleted between two reads
            return [str(error)]

    def settle(self, meanwhile: Callable[[], object], seconds: float = TIMEOUT_SECONDS) -> list[str]:
        """Wait until the check finds no problem; return what it finds at the timeout."""
        until = time.monotonic() + seconds
        while (problems := self.problems()) and time.monotonic() < until:
            meanwhile()
            time.sleep(_POLL_SECONDS)
        return problems

    def _without_finalizers(self, key: Key) -> None:
        with suppress(ApiError):  # without finalizers it is deleted already
            self._call("PATCH", self._path(key), {"metadata": {"finalizers": None}}, _MERGE)

    def _objects(self) -> list[dict[str, Any]]:
        return [item for plural in _PLURALS.values() for item in self._call("GET", self._folder(plural))["items"]]

    def _wait_deleted(self, key: Key) -> None:
        until = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < until:
            try:
                self.read(key)
            except ApiError as error:
                if error.status != 404:
                    raise
                self._deleted.discard(key)
                return
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{key} still exists {TIMEOUT_SECONDS} s after its deletion")

    def _folder(self, plural: str) -> str:
        return f"/apis/{API_GROUP}/{VERSION}/namespaces/{self.environment.namespace}/{plural}"

    def _path(self, key: Key) -> str:
        return f"{self._folder(_PLURALS[key.kind])}/{key.name}"

    def _call(self, method: str, path: str, body: Any = None, content: str = "application/apply-patch+yaml") -> Any:
        until = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                return self._admin.call(method, path, body, content)
            except (ApiError, OSError) as error:  # the API server may be stopped, or starting
                if getattr(error, "status", 503) not in _BUSY or time.monotonic() > until:
                    raise
            time.sleep(_POLL_SECONDS)


_APPLY = "?fieldManager=actions&force=true"


def manifest(wanted: Wanted) -> dict[str, Any]:
    """Return the manifest of a resource."""
    value, shape = wanted.value, wanted.value.to_api()
    is_rule = isinstance(value, SamplingRule)
    left_out = {"Version"} if is_rule else set()
    if is_rule and value.is_default:
        left_out = shape.keys() - {"RuleName", *DEFAULT_RULE_FIELDS}
    spec = dict(wanted.policies)
    for field in spec_fields.RULE if is_rule else spec_fields.GROUP:
        content = shape.get(field.api)
        if content not in (None, {}) and field.api not in left_out:
            spec[field.name] = {field.inner[name]: inner for name, inner in content.items()} if field.inner else content
    kind = "XRaySamplingRule" if is_rule else "XRayGroup"
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": wanted.name}, "spec": spec}


def _unless_missing(change: Callable[[], None]) -> None:
    try:
        change()
    except GatewayError as error:
        if error.reason is not Reason.NOT_FOUND:
            raise
