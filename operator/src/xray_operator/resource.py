"""A Kubernetes object of ours as a value: what `controller` needs of it and no more. Pure; built from kopf's bodies.

What was in AWS before an object was taken over is kept in an annotation, written together with the finalizer: so it is
stored before AWS is touched, and outlives a crash.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from xray_model import Group, ModelError, SamplingRule
from xray_operator import fields, model
from xray_operator.manifest_reader import YamlDocument
from xray_operator.model import DeletionPolicy, Manifest
from xray_operator.ports import Kind, Target, Value

FINALIZER = "xray.cruddur.io/finalizer"
RECONCILE_ANNOTATION = "xray.cruddur.io/reconcile-at"
BEFORE_ANNOTATION = "xray.cruddur.io/before"
KINDS: Mapping[str, Kind] = {model.RULE_KIND: "rule", model.GROUP_KIND: "group"}
FIELD_NAMES: Mapping[Kind, Mapping[str, str]] = {
    "rule": {field.api: field.name for field in fields.RULE},
    "group": {field.api: field.name for field in fields.GROUP},
}


class Key(NamedTuple):
    """Which object: its kind, namespace and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = model.RULE_KIND if self.kind == "rule" else model.GROUP_KIND
        return f"{kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An object as last seen. `manifest` is None when the spec cannot be used; `problems` tells why, in one line.

    `gone` tells that Kubernetes has it no more, though we had claimed it: what it asked for in AWS is to be let go.
    """

    key: Key
    uid: str
    version: str
    generation: int
    created: str
    deleting: bool
    finalizers: tuple[str, ...]
    token: str | None
    before: Value | None
    target: Target
    deletion: DeletionPolicy
    manifest: Manifest | None
    problems: str
    status: Mapping[str, Any]
    gone: bool = False

    @property
    def claimed(self) -> bool:
        """Tell whether our finalizer is stored: only then may AWS be written for this object."""
        return FINALIZER in self.finalizers

    def owner(self, cluster_id: str) -> str:
        """Give the owner that our tag names."""
        return f"{cluster_id}/{self.key.namespace}/{self.key.name}"

    def vanished(self) -> "Resource":
        """Give it as one that is not there any more."""
        return replace(self, deleting=True, gone=True)

    def unclaimed(self) -> "Resource":
        """Give it without our finalizer."""
        return replace(self, finalizers=tuple(one for one in self.finalizers if one != FINALIZER))

    def patched(self, body: Mapping[str, Any]) -> "Resource":
        """Take over what a PATCH answered."""
        return from_body(body, earlier=self)


def key_of(body: Mapping[str, Any]) -> Key:
    """Give an object's key."""
    metadata = body["metadata"]
    return Key(KINDS[body["kind"]], metadata.get("namespace", model.DEFAULT_NAMESPACE), metadata["name"])


def from_body(body: Mapping[str, Any], earlier: Resource | None = None) -> Resource:
    """Read an object. The spec is parsed again only when its generation is not that of `earlier`."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    kind = KINDS[body["kind"]]
    annotations = metadata.get("annotations") or {}
    known: dict[str, Any] = {
        "version": metadata["resourceVersion"],
        "deleting": "deletionTimestamp" in metadata,
        "finalizers": tuple(metadata.get("finalizers") or ()),
        "token": annotations.get(RECONCILE_ANNOTATION),
        "status": body.get("status") or {},
    }
    before = _before(kind, annotations.get(BEFORE_ANNOTATION))
    generation = metadata.get("generation", 1)
    if earlier and (earlier.uid, earlier.generation) == (metadata["uid"], generation):
        return replace(earlier, before=before, **known)
    manifest, problems = model.parse(YamlDocument("", 0, body))
    name = metadata["name"]
    return Resource(
        key=key_of(body),
        uid=metadata["uid"],
        generation=generation,
        created=metadata.get("creationTimestamp", ""),
        before=before,
        target=(kind, spec.get("ruleName" if kind == "rule" else "groupName") or name),
        deletion=DeletionPolicy.ORPHAN if spec.get("deletionPolicy") == "Orphan" else DeletionPolicy.DELETE,
        manifest=manifest,
        problems="; ".join(map(str, problems)),
        **known,
    )


def before_annotation(value: Value) -> str:
    """Write down what AWS held."""
    return json.dumps(value.to_api(), separators=(",", ":"), sort_keys=True)


def _before(kind: Kind, text: str | None) -> Value | None:
    if text is None:
        return None
    try:
        shape = json.loads(text)
        return SamplingRule.from_api(shape) if kind == "rule" else Group.from_api(shape)
    except (ValueError, TypeError, AttributeError, ModelError):
        return None  # somebody has edited it; there is nothing to go back to
