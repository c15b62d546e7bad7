"""A manifest: an XRaySamplingRule or XRayGroup as a value, with our policies beside AWS's fields.

`parse` turns a YAML document into a manifest or into everything that is wrong with it. Spec fields are AWS's names in
camelCase. Called by `manifest_files`, and by nothing that speaks to AWS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from xray_operator.manifest_reader import Problem, YamlDocument
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Kind, Value, kind_of, name_of

API_VERSION = "xray.cruddur.io/v1alpha1"
RULE_KIND = "XRaySamplingRule"
GROUP_KIND = "XRayGroup"
DEFAULT_NAMESPACE = "default"

RULE_FIELDS = {
    "ruleName": "RuleName",
    "resourceARN": "ResourceARN",
    "priority": "Priority",
    "fixedRate": "FixedRate",
    "reservoirSize": "ReservoirSize",
    "serviceName": "ServiceName",
    "serviceType": "ServiceType",
    "host": "Host",
    "httpMethod": "HTTPMethod",
    "urlPath": "URLPath",
    "version": "Version",
    "attributes": "Attributes",
    "samplingRateBoost": "SamplingRateBoost",
}
GROUP_FIELDS = {
    "groupName": "GroupName",
    "filterExpression": "FilterExpression",
    "insightsConfiguration": "InsightsConfiguration",
}
POLICY_FIELDS = ("deletionPolicy", "adoptionPolicy")
_REQUIRED_RULE_FIELDS = ("priority", "fixedRate", "reservoirSize")
_PROBE_RULE = {"RuleName": "probe", "Priority": 1, "FixedRate": 0, "ReservoirSize": 0}
_INNER = {
    "samplingRateBoost": {"maxRate": "MaxRate", "cooldownWindowMinutes": "CooldownWindowMinutes"},
    "insightsConfiguration": {"insightsEnabled": "InsightsEnabled", "notificationsEnabled": "NotificationsEnabled"},
}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is asked for: the AWS value, whose it is, and how far we may go."""

    name: str
    namespace: str
    value: Value
    deletion: DeletionPolicy = DeletionPolicy.DELETE
    adoption: AdoptionPolicy = AdoptionPolicy.NEVER
    source: str = ""

    @property
    def kind(self) -> Kind:
        """Tell a rule from a group."""
        return kind_of(self.value)

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
    is_rule = data["kind"] == RULE_KIND
    problems += _unknown_fields(document, spec, RULE_FIELDS if is_rule else GROUP_FIELDS)
    deletion, adoption = (
        _policy(document, spec, "deletionPolicy", DeletionPolicy.DELETE, problems),
        _policy(document, spec, "adoptionPolicy", AdoptionPolicy.NEVER, problems),
    )
    value, more = (_rule if is_rule else _group)(document, spec, name)
    problems += more
    if problems or value is None:
        return None, problems
    source = f"{document.source}: document {document.number}"
    manifest = Manifest(
        name=name, namespace=namespace, value=value, deletion=deletion, adoption=adoption, source=source
    )
    return manifest, []


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


def _unknown_fields(document: YamlDocument, spec: Mapping[str, Any], fields: Mapping[str, str]) -> list[Problem]:
    known = (*fields, *POLICY_FIELDS)
    return [
        document.problem(f"spec.{key}", f"is unknown, expected one of {', '.join(known)}")
        for key in spec
        if key not in known
    ]


def _policy(
    document: YamlDocument, spec: Mapping[str, Any], field: str, default: _Policy, problems: list[Problem]
) -> _Policy:
    given = spec.get(field, default.value)
    for policy in type(default):
        if policy.value == given:
            return policy
    expected = ", ".join(policy.value for policy in type(default))
    problems.append(document.problem(f"spec.{field}", f"{_short(given)}: expected {expected}"))
    return default


def _rule(document: YamlDocument, spec: Mapping[str, Any], name: str) -> tuple[Value | None, list[Problem]]:
    rule_name = spec.get("ruleName", name)
    if rule_name == DEFAULT_RULE_NAME:
        return _default_rule(document, spec)
    problems = [
        document.problem(f"spec.{field}", "is missing, expected a value")
        for field in _REQUIRED_RULE_FIELDS
        if spec.get(field) is None
    ]
    shape = _shape(spec, RULE_FIELDS) | {"RuleName": rule_name}
    problems += _field_problems(document, shape, RULE_FIELDS, lambda one: SamplingRule.from_api(_PROBE_RULE | one))
    return (None, problems) if problems else (SamplingRule.from_api(shape), [])


def _default_rule(document: YamlDocument, spec: Mapping[str, Any]) -> tuple[Value | None, list[Problem]]:
    allowed = ("ruleName", *(field for field, api in RULE_FIELDS.items() if api in DEFAULT_RULE_FIELDS), *POLICY_FIELDS)
    problems = [
        document.problem(f"spec.{field}", "cannot be set, the Default rule has only fixedRate and reservoirSize")
        for field in spec
        if field in RULE_FIELDS and field not in allowed
    ]
    shape = {name: value for name, value in _shape(spec, RULE_FIELDS).items() if name in DEFAULT_RULE_FIELDS}
    problems += _field_problems(document, shape, RULE_FIELDS, lambda one: SamplingRule.from_api(_PROBE_RULE | one))
    return (None, problems) if problems else (default_rule().updated(shape), [])


def _group(document: YamlDocument, spec: Mapping[str, Any], name: str) -> tuple[Value | None, list[Problem]]:
    shape = _shape(spec, GROUP_FIELDS) | {"GroupName": spec.get("groupName", name)}
    problems = _field_problems(document, shape, GROUP_FIELDS, lambda one: Group.from_api({"GroupName": "probe"} | one))
    expression = shape.get("FilterExpression")
    if shape["GroupName"] == DEFAULT_GROUP_NAME and expression:
        problems.append(document.problem("spec.filterExpression", "cannot be set, the Default group has none"))
    return (None, problems) if problems else (Group.from_api(shape), [])


def _shape(spec: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Give the API's shape of the spec; inner objects keep keys that are unknown, so that they are refused."""
    shape: dict[str, Any] = {}
    for field, api in fields.items():
        value = spec.get(field)
        if field in _INNER and isinstance(value, Mapping):
            value = {_INNER[field].get(str(key), str(key)): inner for key, inner in value.items()}
        if value is not None:
            shape[api] = value
    return shape


def _field_problems(
    document: YamlDocument,
    shape: Mapping[str, Any],
    fields: Mapping[str, str],
    probe: Callable[[dict[str, Any]], object],
) -> list[Problem]:
    """Try each field by itself, so that every bad one is told and not only the first."""
    problems = []
    for field, api in fields.items():
        if api in shape:
            try:
                probe({api: shape[api]})
            except ModelError as error:
                problems.append(
                    document.problem(_path(field, error.field), f"{_short(error.value)}: expected {error.expected}")
                )
    return problems


def _path(field: str, api_field: str) -> str:
    """Give the manifest's path for the API's: SamplingRateBoost.MaxRate is spec.samplingRateBoost.maxRate."""
    _, _, inner = api_field.partition(".")
    names = {api: name for name, api in _INNER.get(field, {}).items()}
    return f"spec.{field}.{names.get(inner, inner)}" if inner else f"spec.{field}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def same_target(manifests: list[Manifest]) -> list[str]:
    """Tell of manifests that ask for one AWS object."""
    seen: dict[tuple[Kind, str], Manifest] = {}
    problems = []
    for manifest in manifests:
        key = manifest.kind, name_of(manifest.value)
        if key in seen:
            field = "ruleName" if manifest.kind == "rule" else "groupName"
            problems.append(f"{manifest.source}: {field} {key[1]!r} is asked for by {seen[key].source} as well")
        seen.setdefault(key, manifest)
    for kind, most in (("rule", limits.CUSTOM_RULES), ("group", limits.GROUPS)):
        count = sum(key[0] == kind and key[1] not in {DEFAULT_RULE_NAME, DEFAULT_GROUP_NAME} for key in seen)
        if count > most:
            problems.append(f"the files ask for {count} {kind}s, expected at most {most}, AWS's quota")
    return problems
