"""The one table of the spec's fields: the parser, the CRDs' schema and the reference page use it.

Limits are `xray_model`'s. A rule that a schema cannot express is a CEL rule beside it, with its error message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from xray_model import DEFAULT_GROUP_NAME, DEFAULT_RULE_NAME, limits
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy, ManagementPolicy, UpdateStrategy
from xray_operator.settings import CLASS_MAX, CLASS_PATTERN

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CelRule:
    """A rule in the Common Expression Language, and its error message."""

    rule: str
    message: str

    def to_schema(self) -> dict[str, str]:
        """Return an entry of x-kubernetes-validations."""
        return {"rule": self.rule, "message": self.message}


@dataclass(frozen=True, slots=True)
class Field:
    """A spec field; `api` is AWS's name, empty for a policy; `inner` maps AWS's inner names to the spec's."""

    name: str
    api: str
    schema: Schema
    text: str
    inner: Mapping[str, str] = field(default_factory=dict)

    @property
    def default(self) -> Any:
        """The default of a missing field, or None."""
        return self.schema.get("default")

    @property
    def span(self) -> str:
        """The allowed values in words."""
        return _span(self.schema)


def _span(schema: Schema) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    match schema["type"]:
        case "string" if "format" in schema:
            return "a time with a time zone (RFC 3339)"
        case "string":
            shortest = f"{schema['minLength']} to " if "minLength" in schema else "at most "
            return f"{shortest}{schema['maxLength']} characters"
        case "integer" | "number":
            kind = "a whole number" if schema["type"] == "integer" else "a number"
            return f"{kind} from {schema['minimum']}" + (f" to {schema['maximum']}" if "maximum" in schema else "")
        case "boolean":
            return "true, false"
        case _ if "additionalProperties" in schema:
            return f"at most {schema['maxProperties']} pairs of strings"
        case _:
            return "; ".join(f"`{name}`: {_span(inner)}" for name, inner in schema["properties"].items())


def _pattern(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest, "default": "*"}


def _name(longest: int, what: str, field_name: str) -> Schema:
    immutable = CelRule("self == oldSelf", f"{field_name} cannot change: AWS cannot rename a {what}")
    return {"type": "string", "minLength": 1, "maxLength": longest, "x-kubernetes-validations": [immutable.to_schema()]}


def _choice(policy: type[StrEnum]) -> Schema:
    """Return the schema of an enum; its first member is the default."""
    values = [member.value for member in policy]
    return {"type": "string", "enum": values, "default": values[0]}


_ATTRIBUTE = {"type": "string", "minLength": 1, "maxLength": limits.ATTRIBUTE_TEXT_MAX}
_ATTRIBUTE_KEYS = CelRule(
    f"self.all(key, size(key) >= 1 && size(key) <= {limits.ATTRIBUTE_TEXT_MAX})",
    f"attributes: a key has 1 to {limits.ATTRIBUTE_TEXT_MAX} characters",
)
_NOTIFICATIONS = CelRule(
    "!self.notificationsEnabled || self.insightsEnabled",
    "insightsConfiguration.notificationsEnabled needs insightsEnabled: true",
)
_RATE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT: Schema = {"type": "integer", "format": "int32", "minimum": 0}

RULE = (
    Field("ruleName", "RuleName", _name(limits.RULE_NAME_MAX, "rule", "ruleName"), "default: metadata.name"),
    Field(
        "priority",
        "Priority",
        {"type": "integer", "format": "int32", "minimum": limits.PRIORITY_MIN, "maximum": limits.PRIORITY_MAX},
        "required; the rule with the lowest number is evaluated first",
    ),
    Field("fixedRate", "FixedRate", _RATE, "required; the share of requests sampled after the reservoir"),
    Field("reservoirSize", "ReservoirSize", _COUNT, "required; requests sampled each second before the rate applies"),
    Field("serviceName", "ServiceName", _pattern(limits.SERVICE_NAME_MAX), "the service's name; * and ? are wildcards"),
    Field(
        "serviceType",
        "ServiceType",
        _pattern(limits.SERVICE_TYPE_MAX),
        "the service's origin, such as AWS::ECS::Container",
    ),
    Field("host", "Host", _pattern(limits.HOST_MAX), "the request's Host header"),
    Field("httpMethod", "HTTPMethod", _pattern(limits.HTTP_METHOD_MAX), "the request's method"),
    Field("urlPath", "URLPath", _pattern(limits.URL_PATH_MAX), "the request's path"),
    Field(
        "resourceARN",
        "ResourceARN",
        _pattern(limits.RESOURCE_ARN_MAX),
        "the resource's ARN; the SDKs ignore a rule with any other value than *",
    ),
    Field(
        "attributes",
        "Attributes",
        {
            "type": "object",
            "maxProperties": limits.ATTRIBUTES_MAX,
            "additionalProperties": _ATTRIBUTE,
            "x-kubernetes-validations": [_ATTRIBUTE_KEYS.to_schema()],
        },
        "segment attributes; the SDKs ignore a rule that has any",
    ),
    Field(
        "samplingRateBoost",
        "SamplingRateBoost",
        {
            "type": "object",
            "required": ["maxRate", "cooldownWindowMinutes"],
            "properties": {"maxRate": _RATE, "cooldownWindowMinutes": _COUNT},
        },
        "adaptive sampling; omitted: the value in AWS is kept",
        {"MaxRate": "maxRate", "CooldownWindowMinutes": "cooldownWindowMinutes"},
    ),
    Field(
        "version",
        "Version",
        {
            "type": "integer",
            "format": "int32",
            "minimum": 1,
            "default": 1,
            "x-kubernetes-validations": [CelRule("self == oldSelf", "version cannot change").to_schema()],
        },
        "the version of the rule format; the SDKs ignore any other than 1",
    ),
)
GROUP = (
    Field("groupName", "GroupName", _name(limits.GROUP_NAME_MAX, "group", "groupName"), "default: metadata.name"),
    Field(
        "filterExpression",
        "FilterExpression",
        {"type": "string", "maxLength": limits.FILTER_EXPRESSION_MAX},
        "the traces of the group; parsed before it is sent, and errors name the column",
    ),
    Field(
        "insightsConfiguration",
        "InsightsConfiguration",
        {
            "type": "object",
            "properties": {
                "insightsEnabled": {"type": "boolean", "default": False},
                "notificationsEnabled": {"type": "boolean", "default": False},
            },
            "x-kubernetes-validations": [_NOTIFICATIONS.to_schema()],
        },
        "omitted: insights are off",
        {"InsightsEnabled": "insightsEnabled", "NotificationsEnabled": "notificationsEnabled"},
    ),
)
_CLASS: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": CLASS_MAX,
    "pattern": f"^{CLASS_PATTERN}$",
    "x-kubernetes-validations": [CelRule("self == oldSelf", "class cannot change").to_schema()],
}
POLICIES = (
    Field("class", "", _CLASS, "the operators that manage this, by their --class; omitted: those without a class"),
    Field("deletionPolicy", "", _choice(DeletionPolicy), "what happens to the object in AWS when this is deleted"),
    Field(
        "adoptionPolicy",
        "",
        _choice(AdoptionPolicy),
        "which existing object of the same name may be taken over: none, one without an owner tag, any",
    ),
    Field("managementPolicy", "", _choice(ManagementPolicy), "Observe compares and never writes"),
    Field("suspend", "", {"type": "boolean", "default": False}, "true: nothing is written until this is false again"),
    Field(
        "expiresAt",
        "",
        {"type": "string", "format": "date-time"},
        "when the object is deleted in AWS, or gets back the values from before it was taken over",
    ),
)
UPDATE_STRATEGY = Field(
    "updateStrategy",
    "",
    _choice(UpdateStrategy),
    "Recreate deletes and creates when the expression changes, as AWS advises against merged graphs",
)

_IS_DEFAULT_RULE = f"has(self.ruleName) && self.ruleName == '{DEFAULT_RULE_NAME}'"
_IS_DEFAULT_GROUP = f"has(self.groupName) && self.groupName == '{DEFAULT_GROUP_NAME}'"
_PATTERN_NAMES = ("serviceName", "serviceType", "host", "httpMethod", "urlPath", "resourceARN")
_ALL_PATTERNS = " && ".join(f"self.{name} == '*'" for name in _PATTERN_NAMES)


def _kept(name: str) -> CelRule:
    """Forbid adding or removing an optional name; its own rule forbids changing it."""
    return CelRule(f"has(self.{name}) == has(oldSelf.{name})", f"{name} cannot be added or removed later")


RULE_CEL = (
    _kept("ruleName"),
    _kept("class"),
    *(
        CelRule(f"({_IS_DEFAULT_RULE}) || has(self.{name})", f"{name} is required (only the Default rule may omit it)")
        for name in ("priority", "fixedRate", "reservoirSize")
    ),
    CelRule(
        f"!({_IS_DEFAULT_RULE}) || (!has(self.priority) && !has(self.attributes) && !has(self.samplingRateBoost)"
        f" && {_ALL_PATTERNS})",
        "the Default rule has only fixedRate and reservoirSize: no priority, no patterns",
    ),
)
GROUP_CEL = (
    _kept("groupName"),
    _kept("class"),
    CelRule(f"!({_IS_DEFAULT_GROUP}) || !has(self.filterExpression)", "the Default group has no filterExpression"),
)


def length_rule(name_field: str, longest: int) -> CelRule:
    """Require the name where its default, metadata.name, is too long for AWS."""
    return CelRule(
        f"has(self.spec.{name_field}) || size(self.metadata.name) <= {longest}",
        f"metadata.name has more than {longest} characters, AWS's limit: set spec.{name_field}",
    )
