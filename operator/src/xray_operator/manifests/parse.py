"""Turns a YAML document or a Kubernetes object into a manifest, or into a list of everything that is wrong with it."""

from collections.abc import Callable, Mapping, Sequence
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
)
from xray_operator.aws.objects import Value
from xray_operator.manifests.kinds import BY_NAME, GROUP, RULE, KindInfo
from xray_operator.manifests.manifest import (
    API_VERSION,
    DEFAULT_NAMESPACE,
    NAME_MAX,
    NAMESPACE_MAX,
    Manifest,
    is_owner_part,
)
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy, ManagementPolicy, UpdateStrategy
from xray_operator.manifests.spec_fields import Field
from xray_operator.manifests.yaml_documents import Problem, YamlDocument
from xray_operator.settings import CLASS_MAX, is_class

_TOP_LEVEL = ("apiVersion", "kind", "metadata", "spec", "status")
_REQUIRED_RULE_FIELDS = ("priority", "fixedRate", "reservoirSize")
_PROBE_RULE = {"RuleName": "probe", "Priority": 1, "FixedRate": 0, "ReservoirSize": 0}
_Policy = TypeVar("_Policy", bound=StrEnum)
_Shape = Mapping[str, Any]


def parse(document: YamlDocument) -> tuple[Manifest | None, list[Problem]]:
    """Parse a document; the manifest is None when there are problems."""
    data = document.data
    if not isinstance(data, Mapping):
        return None, [document.problem("", f"{_short(data)}: expected an object")]
    problems = _head_problems(document, data)
    if problems:
        return None, problems
    metadata, spec, info = data["metadata"], data.get("spec") or {}, BY_NAME[data["kind"]]
    name, namespace = metadata["name"], metadata.get("namespace", DEFAULT_NAMESPACE)
    policies = _Policies(document, spec)
    value, value_problems = (_rule if info is RULE else _group)(document, spec, name)
    problems = [*_unknown_fields(document, spec, info), *policies.problems, *value_problems]
    if problems or value is None:
        return None, problems
    source = f"{document.source}: document {document.number}"
    return Manifest(name=name, namespace=namespace, value=value, source=source, **policies.values), []


def _head_problems(document: YamlDocument, data: Mapping[str, Any]) -> list[Problem]:
    problems = [
        document.problem(str(key), f"unknown field: expected {', '.join(_TOP_LEVEL)}")
        for key in data
        if key not in _TOP_LEVEL
    ]
    if data.get("apiVersion") != API_VERSION:
        problems.append(document.problem("apiVersion", f"{_short(data.get('apiVersion'))}: expected {API_VERSION}"))
    if data.get("kind") not in BY_NAME:
        problems.append(document.problem("kind", f"{_short(data.get('kind'))}: expected {' or '.join(BY_NAME)}"))
    metadata = data.get("metadata")
    if not isinstance(metadata, Mapping):
        return [*problems, document.problem("metadata", f"{_short(metadata)}: expected an object with a name")]
    for key, longest in (("name", NAME_MAX), ("namespace", NAMESPACE_MAX)):
        name = metadata.get(key, DEFAULT_NAMESPACE if key == "namespace" else None)
        if not isinstance(name, str) or not is_owner_part(name, longest):
            expected = f"expected a name of at most {longest} characters that a tag of AWS's can have, without /"
            problems.append(document.problem(f"metadata.{key}", f"{_short(name)}: {expected}"))
    if not isinstance(data.get("spec") or {}, Mapping):
        problems.append(document.problem("spec", f"{_short(data['spec'])}: expected an object"))
    return problems


def _unknown_fields(document: YamlDocument, spec: Mapping[str, Any], info: KindInfo) -> list[Problem]:
    known = [field.name for field in info.fields]
    return [
        document.problem(f"spec.{key}", f"unknown field: expected one of {', '.join(known)}")
        for key in spec
        if key not in known
    ]


class _Policies:
    """Reads the fields that are not AWS's; `values` are Manifest's members."""

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
        self._check_class()

    def _check_class(self) -> None:
        name = self._spec.get("class")
        if name is not None and not (isinstance(name, str) and is_class(name)):
            self._reject("class", f"at most {CLASS_MAX} lower-case letters, digits and -")

    def _choice(self, field: str, default: _Policy) -> _Policy:
        text = self._spec.get(field, default.value)
        for policy in type(default):
            if policy.value == text:
                return policy
        self._reject(field, ", ".join(policy.value for policy in type(default)))
        return default

    def _flag(self, field: str) -> bool:
        value = self._spec.get(field, False)
        if not isinstance(value, bool):
            self._reject(field, "true or false")
        return value is True

    def _time(self, field: str) -> datetime | None:
        value = self._spec.get(field)
        if value is None:
            return None
        try:
            # YAML parses a bare timestamp; a Kubernetes object has a string.
            time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            if time.tzinfo is not None:
                return time.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):  # the year 9999 ends earlier in UTC than east of it
            pass
        self._reject(field, "a time with a time zone, such as 2030-01-31T12:00:00Z")
        return None

    def _reject(self, field: str, expected: str) -> None:
        value = _short(self._spec[field])
        self.problems.append(self._document.problem(f"spec.{field}", f"{value}: expected {expected}"))


def _rule(document: YamlDocument, spec: Mapping[str, Any], name: str) -> tuple[Value | None, list[Problem]]:
    rule_name = spec.get("ruleName", name)
    if rule_name == DEFAULT_RULE_NAME:
        return _default_rule(document, spec)
    problems = [
        document.problem(f"spec.{field}", "missing: expected a value")
        for field in _REQUIRED_RULE_FIELDS
        if spec.get(field) is None
    ]
    shape = _shape(spec, RULE) | {"RuleName": rule_name}
    return _build(document, shape, RULE, problems, SamplingRule.from_api)


def _default_rule(document: YamlDocument, spec: Mapping[str, Any]) -> tuple[Value | None, list[Problem]]:
    problems = [
        document.problem(f"spec.{field.name}", "not allowed: the Default rule has only fixedRate and reservoirSize")
        for field in RULE.aws_fields
        # The API server fills in the defaults of omitted fields.
        if field.api not in {"RuleName", *DEFAULT_RULE_FIELDS} and spec.get(field.name, field.default) != field.default
    ]
    shape = {name: value for name, value in _shape(spec, RULE).items() if name in DEFAULT_RULE_FIELDS}
    return _build(document, shape, RULE, problems, default_rule().updated)


def _group(document: YamlDocument, spec: Mapping[str, Any], name: str) -> tuple[Value | None, list[Problem]]:
    shape = _shape(spec, GROUP) | {"GroupName": spec.get("groupName", name)}
    problems = []
    if shape["GroupName"] == DEFAULT_GROUP_NAME and shape.get("FilterExpression"):
        problems.append(document.problem("spec.filterExpression", "not allowed: the Default group has none"))
    return _build(document, shape, GROUP, problems, Group.from_api)


def _build(
    document: YamlDocument,
    shape: _Shape,
    info: KindInfo,
    problems: Sequence[Problem],
    build: Callable[[_Shape], Value],
) -> tuple[Value | None, list[Problem]]:
    """Build the value; if that fails, try each field alone, so that every invalid one is reported."""
    if not problems:
        try:
            return build(shape), []
        except ModelError:
            pass
    found = list(problems)
    minimal = _PROBE_RULE if info is RULE else {"GroupName": "probe"}
    for field in info.aws_fields:
        if field.api in shape:
            try:
                info.from_api({**minimal, field.api: shape[field.api]})
            except ModelError as error:
                message = f"{_short(error.value)}: expected {error.expected}"
                found.append(document.problem(_path(field, error.field), message))
    return None, found


def _shape(spec: Mapping[str, Any], info: KindInfo) -> dict[str, Any]:
    """Return the API's shape of the spec; inner objects keep unknown keys, so that they are rejected."""
    shape: dict[str, Any] = {}
    for field in info.aws_fields:
        value = spec.get(field.name)
        if field.inner and isinstance(value, Mapping):
            api = {name: inner for inner, name in field.inner.items()}
            value = {api.get(str(key), str(key)): inner for key, inner in value.items()}
        if value is not None:
            shape[field.api] = value
    return shape


def _path(field: Field, api_field: str) -> str:
    """Return the manifest's path for the API's: SamplingRateBoost.MaxRate is spec.samplingRateBoost.maxRate."""
    _, _, inner = api_field.partition(".")
    return f"spec.{field.name}.{field.inner.get(inner, inner)}" if inner else f"spec.{field.name}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
