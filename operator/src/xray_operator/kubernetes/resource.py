"""A Kubernetes object of our kinds as a value, built from its body.

The values that AWS had before an object was taken over are kept in the status, which `kubectl replace` cannot change,
and in an annotation, which a backup contains. Both are stored before AWS is written.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from xray_model import ModelError
from xray_operator.aws.objects import Kind, Target, Value
from xray_operator.manifests.kinds import BY_NAME, KINDS, KindInfo
from xray_operator.manifests.manifest import API_VERSION, DEFAULT_NAMESPACE, Manifest, owner_of
from xray_operator.manifests.parse import parse
from xray_operator.manifests.policies import DeletionPolicy
from xray_operator.manifests.yaml_documents import YamlDocument

logger = logging.getLogger("xray_operator")
API_PATH = f"/apis/{API_VERSION}"
FINALIZER = "xray.cruddur.io/finalizer"
RECONCILE_ANNOTATION = "xray.cruddur.io/reconcile-at"
PREVIOUS_ANNOTATION = "xray.cruddur.io/before"
PREVIOUS_FIELD = "before"  # of the status
OPERATOR_FIELD = "operator"  # of the status


class Key(NamedTuple):
    """Identifies an object: its kind, namespace and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{KINDS[self.kind].name} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An object as last seen. `manifest` is None when the spec is invalid; `problems` has the reasons, in one line.

    `previous` is the value in AWS before the takeover, and `deleted` marks an object that no longer exists in
    Kubernetes though it was claimed: its object in AWS must still be deleted.
    """

    key: Key
    uid: str
    version: str
    generation: int
    created: str
    deleting: bool
    finalizers: tuple[str, ...]
    token: str | None
    previous: Value | None
    target: Target
    resource_class: str
    deletion: DeletionPolicy
    manifest: Manifest | None
    problems: str
    status: Mapping[str, Any]
    deleted: bool = False

    @property
    def claimed(self) -> bool:
        """Whether our finalizer is stored: only then may AWS be written for this object."""
        return FINALIZER in self.finalizers

    @property
    def other_finalizers(self) -> tuple[str, ...]:
        """The finalizers without ours."""
        return tuple(finalizer for finalizer in self.finalizers if finalizer != FINALIZER)

    def owner(self, cluster_id: str) -> str:
        """Return the owner tag's value."""
        return owner_of(cluster_id, self.key.namespace, self.key.name)

    def as_deleted(self) -> "Resource":
        """Return it as a claimed object that no longer exists in Kubernetes."""
        return replace(self, deleting=True, deleted=True, finalizers=(*self.other_finalizers, FINALIZER))

    def as_unclaimed(self) -> "Resource":
        """Return it without our finalizer."""
        return replace(self, finalizers=self.other_finalizers)

    def patched(self, body: Mapping[str, Any]) -> "Resource":
        """Return it as the response to a PATCH has it."""
        return from_body(body, earlier=self)


def key_of(body: Mapping[str, Any]) -> Key:
    """Return an object's key."""
    metadata = body["metadata"]
    return Key(BY_NAME[body["kind"]].kind, metadata.get("namespace", DEFAULT_NAMESPACE), metadata["name"])


def class_of(body: Mapping[str, Any]) -> str:
    """Return an object's class; empty if it has none."""
    return str((body.get("spec") or {}).get("class") or "")


def from_body(body: Mapping[str, Any], earlier: Resource | None = None) -> Resource:
    """Read an object; its spec is parsed again only if the generation differs from that of `earlier`."""
    metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    info = BY_NAME[body["kind"]]
    annotations = metadata.get("annotations") or {}
    changing: dict[str, Any] = {
        "version": metadata["resourceVersion"],
        "deleting": "deletionTimestamp" in metadata,
        "finalizers": tuple(metadata.get("finalizers") or ()),
        "token": annotations.get(RECONCILE_ANNOTATION),
        "previous": _previous(info, annotations.get(PREVIOUS_ANNOTATION))
        or _previous(info, status.get(PREVIOUS_FIELD)),
        "status": status,
    }
    generation = metadata.get("generation", 1)
    if earlier and (earlier.uid, earlier.generation) == (metadata["uid"], generation):
        return replace(earlier, **changing)
    manifest, problems = _parse(body)
    return Resource(
        key=key_of(body),
        uid=metadata["uid"],
        generation=generation,
        created=metadata.get("creationTimestamp", ""),
        target=(info.kind, spec.get(info.name_field.name) or metadata["name"]),
        resource_class=class_of(body),
        deletion=DeletionPolicy.ORPHAN if spec.get("deletionPolicy") == "Orphan" else DeletionPolicy.DELETE,
        manifest=manifest,
        problems=problems,
        **changing,
    )


def _parse(body: Mapping[str, Any]) -> tuple[Manifest | None, str]:
    """Parse a spec; an unexpected exception is a problem too, so that no object is ever without a status."""
    try:
        manifest, problems = parse(YamlDocument("", 0, body))
    except Exception as error:
        logger.exception("manifest.unreadable", extra={"object": str(key_of(body))})
        return None, f"cannot read the spec: {type(error).__name__}"
    return manifest, "; ".join(map(str, problems))


def previous_text(value: Value) -> str:
    """Return the text of the annotation, and of the status's field, for a value in AWS."""
    return json.dumps(value.to_api(), separators=(",", ":"), sort_keys=True)


def _previous(info: KindInfo, text: str | None) -> Value | None:
    if text is None:
        return None
    try:
        return info.from_api(json.loads(text))
    except (ValueError, TypeError, AttributeError, ModelError):
        return None  # edited by hand: there is no value to restore
