"""A manifest: an XRaySamplingRule or XRayGroup as a value, with our policies beside AWS's fields.

`parse` turns a YAML document or a Kubernetes object into a manifest or into everything that is wrong with it; what the
spec may have stands in `fields`. Called by `manifest_files` and `resource`, and by nothing that speaks to AWS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from xray_model import (
    DEFAULT_GROUP_NAME,
    DEFAULT_RULE_FIELDS,
    DEFAULT_RULE_NAME,
    Group,
    ModelError,
    SamplingRule,
    default_rule,
    limits,
)
from xray_operator import fields
from xray_operator.fields import Field
from xray_operator.manifest_reader import Problem, YamlDocument
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Kind, Target, Value, kind_of, name_of

API_VERSION = "xray.cruddur.io/v1alpha1"
RULE_KIND = "XRaySamplingRule"
GROUP_KIND = "XRayGroup"
DEFAULT_NAMESPACE = "default"

_KNOWN = {
    RULE_KIND: {field.name: field for field in (*fields.RULE, *fields.POLICIES)},
    GROUP_KIND: {field.name: field for field in (*fields.GROUP, *fields.POLICIES, fields.UPDATE_STRATEGY)},
}
_REQUIRED_RULE_FIELDS = ("priority", "fixedRate", "reservoirSize")
_PROBE_RULE = {"RuleName": "probe", "Priority": 1, "FixedRate": 0, "ReservoirSize": 0}
_Policy = TypeVar("_Policy", bound=StrEnum)


class DeletionPolicy(StrEnum):
    """What becomes of the AWS object when its manifest is gone."""

    DELETE = "Delete"
    ORPHAN = "Orphan"


class AdoptionPolicy(StrEnum):
    """Which object of the same name may be taken over: none, one without an owner, any."""

    NEVER = "Never"
    IF_UNOWNED = "IfUnowned"
    FORCE = "Force"


class ManagementPolicy(StrEnum):
    """Whether AWS is made as the manifest asks, or only looked at."""

    MANAGE = "Manage"
    OBSERVE = "Observe"


class UpdateStrategy(StrEnum):
    """How a group's expression changes: in the group, or by a new group in its place."""

    IN_PLACE = "InPlace"
    RECREATE = "Recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is asked for: the AWS value, whose it is, and how far we may go."""

    name: str
    namespace: str
    value: Value
    deletion: DeletionPolicy = DeletionPolicy.DELETE
    adoption: AdoptionPolicy = AdoptionPolicy.NEVER
    management: ManagementPolicy = ManagementPolicy.MANAGE
    update: UpdateStrategy = UpdateStrategy.IN_PLACE
    suspended: bool = False
    expires: datetime | None = None
    source: str = ""

    @property
    def kind(self) -> Kind:
        """Tell a rule from a group."""
        return kind_of(self.value)

    @property
    def target(self) -> Target:
        """What in AWS this is about."""
        return kind_of(self.value), name_of(self.value)

    def tags(self, cluster_id: str) -> dict[str, str]:
        """Give our tags: whose the object is, and what becomes of it when its manifest is gone."""
        return {OWNER_TAG: f"{cluster_id}/{self.namespace}/{self.name}", DELETION_TAG: self.deletion.value}


def parse(document: YamlDocument) -> tuple[Manifest | None, list[Problem]]:
    """Read a document; the manifest is None when there are problems."""
    data = document.data
    if not isinstance(data, Mapping):
        return None, [document.problem("", f"is {_short(data)}, expected an object")]
    problems = _head_problems(document, data)
    if problems:
        return None, problems
    metadata, spec = data["metadata"], data.get("spec") or {}
    name, namespace = metadata["name"], metadata.get("namespace", DEFAULT_NAMESPACE)
    policies = _Policies(document, spec)
    value, wrong = (_rule if data["kind"] == RULE_KIND else _group)(document, spec, name)
    problems = [*_unknown_fields(document, spec, _KNOWN[data["kind"]]), *policies.problems, *wrong]
    if problems or value is None:
        return None, problems
    source = f"{document.source}: document {document.number}"
    return Manifest(name=name, namespace=namespace, value=value, source=source, **policies.values), []


def _head_problems(document: YamlDocument, data: Mapping[str, Any]) -> list[Problem]:
    problems = []
    known = ("apiVersion", "kind", "metadata", "spec", "status")
    problems += [
        document.problem(str(key), f"is unknown, expected {', '.join(known)}") for key in data if key not in known
    ]
    if data.get("apiVersion") != API_VERSION:
        problems.append(document.problem("apiVersion", f"{_short(data.get('apiVersion'))}: expected {API_VERSION}"))
    if data.get("kind") not in {RULE_KIND, GROUP_KIND}:
        problems.append(document.problem("kind", f"{_short(data.get('kind'))}: expected {RULE_KIND} or {GROUP_KIND}"))
    metadata = data.get("metadata")
    if not isinstance(metadata, Mapping):
        return [*problems, document.problem("metadata", f"{_short(metadata)}: expected an object with a name")]
    for key in ("name", "namespace"):
        given = metadata.get(key, DEFAULT_NAMESPACE if key == "namespace" else None)
        if not isinstance(given, str) or not 1 <= len(given) <= 253 or "/" in given:
            problems.append(document.problem(f"metadata.{key}", f"{_short(given)}: expected a name without /"))
    if not isinstance(data.get("spec") or {}, Mapping):
        problems.append(document.problem("spec", f"{_short(data['spec'])}: expected an object"))
    return problems


def _unknown_fields(document: YamlDocument, spec: Mapping[str, Any], known: Mapping[str, Field]) -> list[Problem]:
    return [
        document.problem(f"spec.{key}", f"is unknown, expected one of {', '.join(known)}")
        for key in spec
        if key not in known
    ]


class _Policies:
    """Reads what we add to AWS's fields; `values` are Manifest's members."""

    def __init__(self, document: YamlDocument, spec: Mapping[str, Any]) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._spec = spec
        self.values: dict[str, Any] = {
            "deletion": self._choice("deletionPolicy", DeletionPolicy.DELETE),
            "adoption": self._choice("adoptionPolicy", AdoptionPolicy.NEVER),
            "management": self._choice("managementPolicy", ManagementPolicy.MANAGE),
            "update": self._choice("updateStrategy", UpdateStrategy.IN_PLACE),
            "suspended": self._flag("suspend"),
            "expires": self._time("expiresAt"),
        }

    def _choice(self, field: str, default: _Policy) -> _Policy:
        given = self._spec.get(field, default.value)
        for policy in type(default):
            if policy.value == given:
                return policy
        self._refuse(field, ", ".join(policy.value for policy in type(default)))
        return default

    def _flag(self, field: str) -> bool:
        given = self._spec.get(field, False)
        if not isinstance(given, bool):
            self._refuse(field, "true or false")
        return given is True

    def _time(self, field: str) -> datetime | None:
        given = self._spec.get(field)
        if given is None:
            return None
        try:
            # YAML reads a bare time as one; a Kubernetes object has text.
            time = given if isinstance(given, datetime) else datetime.fromisoformat(given)
        except (TypeError, ValueError):
            time = None
        if time is None or time.tzinfo is None:
            self._refuse(field, "a time with its zone, as 2030-01-31T12:00:00Z")
            return None
        return time.astimezone(UTC)

    def _refuse(self, field: str, expected: str) -> None:
        given = _short(self._spec[field])
        self.problems.append(self._document.problem(f"spec.{field}", f"{given}: expected {expected}"))


def _rule(document: YamlDocument, spec: Mapping[str, Any], name: str) -> tuple[Value | None, list[Problem]]:
    rule_name = spec.get("ruleName", name)
    if rule_name == DEFAULT_RULE_NAME:
        return _default_rule(document, spec)
    problems = [
        document.problem(f"spec.{field}", "is missing, expected a value")
        for field in _REQUIRED_RULE_FIELDS
        if spec.get(field) is None
    ]
    shape = _shape(spec, fields.RULE) | {"RuleName": rule_name}
    return _built(document, shape, fields.RULE, problems, SamplingRule.from_api, _probed_rule)


def _default_rule(document: YamlDocument, spec: Mapping[str, Any]) -> tuple[Value | None, list[Problem]]:
    problems = [
        document.problem(f"spec.{field.name}", "cannot be set, the Default rule has only fixedRate and reservoirSize")
        for field in fields.RULE
        # The API server fills in the defaults of what was left out.
        if field.api not in {"RuleName", *DEFAULT_RULE_FIELDS} and spec.get(field.name, field.default) != field.default
    ]
    shape = {name: value for name, value in _shape(spec, fields.RULE).items() if name in DEFAULT_RULE_FIELDS}
    return _built(document, shape, fields.RULE, problems, default_rule().updated, _probed_rule)


def _group(document: YamlDocument, spec: Mapping[str, Any], name: str) -> tuple[Value | None, list[Problem]]:
    shape = _shape(spec, fields.GROUP) | {"GroupName": spec.get("groupName", name)}
    problems = []
    if shape["GroupName"] == DEFAULT_GROUP_NAME and shape.get("FilterExpression"):
        problems.append(document.problem("spec.filterExpression", "cannot be set, the Default group has none"))
    return _built(document, shape, fields.GROUP, problems, Group.from_api, _probed_group)


def _probed_rule(one: Mapping[str, Any]) -> object:
    return SamplingRule.from_api({**_PROBE_RULE, **one})


def _probed_group(one: Mapping[str, Any]) -> object:
    return Group.from_api({"GroupName": "probe", **one})


def _built(
    document: YamlDocument,
    shape: Mapping[str, Any],
    known: tuple[Field, ...],
    problems: list[Problem],
    build: Callable[[Mapping[str, Any]], Value],
    probe: Callable[[Mapping[str, Any]], object],
) -> tuple[Value | None, list[Problem]]:
    """Build the value; where that fails try each field by itself, so that every bad one is told."""
    if not problems:
        try:
            return build(shape), []
        except ModelError:
            pass
    for field in known:
        if field.api in shape:
            try:
                probe({field.api: shape[field.api]})
            except ModelError as error:
                told = f"{_short(error.value)}: expected {error.expected}"
                problems.append(document.problem(_path(field, error.field), told))
    return None, problems


def _shape(spec: Mapping[str, Any], known: tuple[Field, ...]) -> dict[str, Any]:
    """Give the API's shape of the spec; inner objects keep keys that are unknown, so that they are refused."""
    shape: dict[str, Any] = {}
    for field in known:
        value = spec.get(field.name)
        if field.inner and isinstance(value, Mapping):
            api = {name: inner for inner, name in field.inner.items()}
            value = {api.get(str(key), str(key)): inner for key, inner in value.items()}
        if value is not None:
            shape[field.api] = value
    return shape


def _path(field: Field, api_field: str) -> str:
    """Give the manifest's path for the API's: SamplingRateBoost.MaxRate is spec.samplingRateBoost.maxRate."""
    _, _, inner = api_field.partition(".")
    return f"spec.{field.name}.{field.inner.get(inner, inner)}" if inner else f"spec.{field.name}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def same_target(manifests: list[Manifest]) -> list[str]:
    """Tell of manifests that ask for one AWS object."""
    seen: dict[Target, Manifest] = {}
    problems = []
    for manifest in manifests:
        key = manifest.target
        if key in seen:
            field = "ruleName" if manifest.kind == "rule" else "groupName"
            problems.append(f"{manifest.source}: {field} {key[1]!r} is asked for by {seen[key].source} as well")
        seen.setdefault(key, manifest)
    for kind, most in (("rule", limits.CUSTOM_RULES), ("group", limits.GROUPS)):
        count = sum(key[0] == kind and key[1] not in {DEFAULT_RULE_NAME, DEFAULT_GROUP_NAME} for key in seen)
        if count > most:
            problems.append(f"the files ask for {count} {kind}s, expected at most {most}, AWS's quota")
    return problems
