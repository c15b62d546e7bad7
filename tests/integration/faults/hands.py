"""What people do to the cluster and to AWS, and how the world changes by it: apply, delete, and edit by hand."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.integration.faults.aws import Aws
from tests.integration.faults.world import EXPIRED, SYNCED, Key, Left, Wanted, World, check, key_of
from tools.local_cluster import ApiError, Client
from xray_model import DEFAULT_RULE_FIELDS, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import Kind, Target, Value, kind_of, name_of
from xray_operator.kubernetes.crds import VERSION
from xray_operator.manifests import spec_fields
from xray_operator.manifests.kinds import GROUP, RULE
from xray_operator.manifests.manifest import API_GROUP, API_VERSION
from xray_operator.reasons import Reason

PATIENCE = 30.0  # seconds; what takes longer is a violation
_POLL_SECONDS = 0.05
_PLURALS: Mapping[Kind, str] = {"rule": RULE.plural, "group": GROUP.plural}
_BUSY = {429, 500, 502, 503, 504}
_MERGE = "application/merge-patch+json"
_PAST = "2020-01-01T00:00:00Z"


class Hands:
    """Acts in one namespace and in AWS, and keeps `world` in step."""

    def __init__(self, admin: Client, aws: Aws, world: World) -> None:
        self.aws = aws
        self.world = world
        self._admin = admin
        self._deleted: set[Key] = set()
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
        self._call("PATCH", f"/api/v1/namespaces/{world.namespace}{_APPLY}", body)

    def apply(self, wanted: Wanted) -> None:
        """Make or change a resource; one of the same name that is still being deleted is waited for."""
        if wanted.key in self._deleted:
            self._wait_gone(wanted.key)
        earlier, taken = self.world.wanted.get(wanted.key), None
        if wanted.expects == SYNCED:
            taken = self.world.left.pop(wanted.target, None) or (earlier.taken if earlier else None)
        self.world.wanted[wanted.key] = replace(wanted, taken=taken)
        self._call("PATCH", f"{self._path(wanted.key)}{_APPLY}", manifest(wanted))

    def expire(self, key: Key) -> None:
        """Let a resource's time end: what was there before is there again, or nothing is."""
        wanted = self.world.wanted[key]
        self.apply(replace(wanted, policies={**wanted.policies, "expiresAt": _PAST}, expects=EXPIRED))
        if wanted.taken is not None and not wanted.value.is_default:
            self.world.left[wanted.target] = Left(wanted.taken.values, wanted.other_tags)

    def delete(self, key: Key, *, perhaps: tuple[Value, ...] = ()) -> None:
        """Delete a resource. `perhaps` are the values that AWS may have of it still, if the operator was not so far."""
        wanted = self.world.wanted.pop(key)
        if wanted.expects == SYNCED:
            self._leave(wanted, perhaps)
        self._deleted.add(key)
        self._call("DELETE", self._path(key))

    def _leave(self, wanted: Wanted, perhaps: tuple[Value, ...]) -> None:
        """Note what a deletion leaves in AWS."""
        if wanted.value.is_default:
            if wanted.deletion == "Orphan" and isinstance(wanted.value, SamplingRule):
                self.world.default_rule = wanted.value
        elif wanted.target in self.world.left:
            pass  # somebody else's has taken its place
        elif wanted.deletion == "Orphan":
            self.world.left[wanted.target] = Left(perhaps or (wanted.value,), wanted.other_tags, perhaps=bool(perhaps))
        elif perhaps and wanted.taken is not None:
            self.world.left[wanted.target] = Left(perhaps, wanted.taken.tags, perhaps=True)

    def foreign(self, value: Value, tags: Mapping[str, str]) -> None:
        """Make an object in AWS that is not ours."""
        with self.aws.spared():
            self.aws.create(value, tags)
            target = kind_of(value), name_of(value)
            self.world.left[target] = Left((value,), tags, self.aws.record(target))

    def edit(self, value: Value) -> None:
        """Change an object in AWS behind the operator's back, if it is there."""
        with self.aws.spared():
            _unless_missing(lambda: self.aws.hand.update(value))

    def remove(self, target: Target) -> None:
        """Delete an object in AWS behind the operator's back, if it is there."""
        for key, item in self.world.wanted.items():
            if item.target == target:
                self.world.wanted[key] = replace(item, taken=None)
        with self.aws.spared():
            held = self.aws.find(target)
            if held is not None:
                _unless_missing(lambda: self.aws.hand.delete(held.kind, held.arn))

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

    def start_over(self) -> None:
        """Take everything away by force after something went wrong, with the operator stopped."""
        self.aws.reset()
        for manifest in self._objects():
            self._call("DELETE", self._path(key_of(manifest)))
            self._without_finalizers(key_of(manifest))
        self.world = World(self.world.namespace)
        self._deleted.clear()

    def clear(self) -> None:
        """Delete every resource here, and what has been left in AWS."""
        for key in list(self.world.wanted):
            self.delete(key)
        for target in list(self.world.left):
            self.remove(target)
            del self.world.left[target]

    def problems(self) -> list[str]:
        """Return what is not as the world asks."""
        try:
            return check(self.world, self.aws, self._objects())
        except GatewayError as error:  # it went away between two reads
            return [str(error)]

    def settle(self, meanwhile: Callable[[], object], seconds: float = PATIENCE) -> list[str]:
        """Wait until the check finds nothing; what it finds when there is no more time is given."""
        until = time.monotonic() + seconds
        while (problems := self.problems()) and time.monotonic() < until:
            meanwhile()
            time.sleep(_POLL_SECONDS)
        return problems

    def _without_finalizers(self, key: Key) -> None:
        with suppress(ApiError):  # it is gone at once if it has none
            self._call("PATCH", self._path(key), {"metadata": {"finalizers": None}}, _MERGE)

    def _objects(self) -> list[dict[str, Any]]:
        return [item for plural in _PLURALS.values() for item in self._call("GET", self._folder(plural))["items"]]

    def _wait_gone(self, key: Key) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.read(key)
            except ApiError as error:
                if error.status != 404:
                    raise
                self._deleted.discard(key)
                return
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{key} was not gone {PATIENCE} s after it was deleted")

    def _folder(self, plural: str) -> str:
        return f"/apis/{API_GROUP}/{VERSION}/namespaces/{self.world.namespace}/{plural}"

    def _path(self, key: Key) -> str:
        return f"{self._folder(_PLURALS[key.kind])}/{key.name}"

    def _call(self, method: str, path: str, body: Any = None, content: str = "application/apply-patch+yaml") -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._admin.call(method, path, body, content)
            except (ApiError, OSError) as error:  # the API server may be away, or just back
                if getattr(error, "status", 503) not in _BUSY or time.monotonic() > until:
                    raise
            time.sleep(_POLL_SECONDS)


_APPLY = "?fieldManager=hands&force=true"


def manifest(wanted: Wanted) -> dict[str, Any]:
    """Write a resource as a person would."""
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
