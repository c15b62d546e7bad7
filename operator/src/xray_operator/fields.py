"""The spec's fields, each typed once: the model, the CRDs' schema and the documents' tables come from here.

Limits are `xray_model`'s. A rule that a schema cannot say is a CEL rule beside it, with the message that a person sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xray_model import DEFAULT_GROUP_NAME, DEFAULT_RULE_NAME, limits

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CelRule:
    """A rule in the Common Expression Language, and what is said when it does not hold."""

    rule: str
    message: str

    def to_schema(self) -> dict[str, str]:
        """Give an entry of x-kubernetes-validations."""
        return {"rule": self.rule, "message": self.message}


@dataclass(frozen=True, slots=True)
class Field:
    """One spec field: `api` is AWS's name and empty for a field of ours; `inner` maps AWS's inner names to ours."""

    name: str
    api: str
    schema: Schema
    text: str
    inner: Mapping[str, str] = field(default_factory=dict)

    @property
    def default(self) -> Any:
        """The value that a missing field gets, or None."""
        return self.schema.get("default")

    @property
    def span(self) -> str:
        """Say in words what the schema allows."""
        return _span(self.schema)


def _span(schema: Schema) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    match schema["type"]:
        case "string" if "format" in schema:
            return "a time with its zone (RFC 3339)"
        case "string":
            shortest = f"{schema['minLength']} to " if "minLength" in schema else "at most "
            return f"{shortest}{schema['maxLength']} characters"
        case "integer" | "number":
            kind = "a whole number" if schema["type"] == "integer" else "a number"
            return f"{kind} from {schema['minimum']}" + (f" to {schema['maximum']}" if "maximum" in schema else "")
        case "boolean":
            return "true, false"
        case _ if "additionalProperties" in schema:
            return f"at most {schema['maxProperties']} pairs of text"
        case _:
            return "; ".join(f"`{name}`: {_span(one)}" for name, one in schema["properties"].items())


def _pattern(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest, "default": "*"}


def _name(longest: int, what: str, field_name: str) -> Schema:
    immutable = CelRule("self == oldSelf", f"{field_name} cannot change: AWS does not rename a {what}")
    return {"type": "string", "minLength": 1, "maxLength": longest, "x-kubernetes-validations": [immutable.to_schema()]}


def _choice(*values: str) -> Schema:
    return {"type": "string", "enum": list(values), "default": values[0]}


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
        "required; the lowest number decides first",
    ),
    Field("fixedRate", "FixedRate", _RATE, "required; the share of requests after the reservoir"),
    Field("reservoirSize", "ReservoirSize", _COUNT, "required; requests a second before the rate"),
    Field("serviceName", "ServiceName", _pattern(limits.SERVICE_NAME_MAX), "the service's name; * and ? are wildcards"),
    Field("serviceType", "ServiceType", _pattern(limits.SERVICE_TYPE_MAX), "its origin, as AWS::ECS::Container"),
    Field("host", "Host", _pattern(limits.HOST_MAX), "the request's Host header"),
    Field("httpMethod", "HTTPMethod", _pattern(limits.HTTP_METHOD_MAX), "the request's method"),
    Field("urlPath", "URLPath", _pattern(limits.URL_PATH_MAX), "the request's path"),
    Field(
        "resourceARN",
        "ResourceARN",
        _pattern(limits.RESOURCE_ARN_MAX),
        "the resource's ARN; the SDKs ignore a rule with anything but *",
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
        "adaptive sampling; left out, AWS's stays as it is",
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
        "the rule format's version; the SDKs ignore any but 1",
    ),
)
GROUP = (
    Field("groupName", "GroupName", _name(limits.GROUP_NAME_MAX, "group", "groupName"), "default: metadata.name"),
    Field(
        "filterExpression",
        "FilterExpression",
        {"type": "string", "maxLength": limits.FILTER_EXPRESSION_MAX},
        "which traces belong to the group; parsed before it is sent, and errors name their column",
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
        "left out, insights are off",
        {"InsightsEnabled": "insightsEnabled", "NotificationsEnabled": "notificationsEnabled"},
    ),
)
POLICIES = (
    Field("deletionPolicy", "", _choice("Delete", "Orphan"), "what becomes of the object in AWS when this is deleted"),
    Field(
        "adoptionPolicy",
        "",
        _choice("Never", "IfUnowned", "Force"),
        "which object of the same name may be taken over: none, one without an owner tag, any",
    ),
    Field("managementPolicy", "", _choice("Manage", "Observe"), "Observe shows what AWS holds and never writes"),
    Field("suspend", "", {"type": "boolean", "default": False}, "true: nothing is written until it is false again"),
    Field(
        "expiresAt",
        "",
        {"type": "string", "format": "date-time"},
        "when the object goes away in AWS, or returns to what it was before it was taken over",
    ),
)
UPDATE_STRATEGY = Field(
    "updateStrategy",
    "",
    _choice("InPlace", "Recreate"),
    "Recreate deletes and creates when the expression changes, as AWS advises against merged graphs",
)

_IS_DEFAULT_RULE = f"has(self.ruleName) && self.ruleName == '{DEFAULT_RULE_NAME}'"
_IS_DEFAULT_GROUP = f"has(self.groupName) && self.groupName == '{DEFAULT_GROUP_NAME}'"
_PATTERN_NAMES = ("serviceName", "serviceType", "host", "httpMethod", "urlPath", "resourceARN")
_ALL_PATTERNS = " && ".join(f"self.{name} == '*'" for name in _PATTERN_NAMES)


def _kept(name: str) -> CelRule:
    """Forbid that an optional name appears or disappears; its own rule forbids that it changes."""
    return CelRule(f"has(self.{name}) == has(oldSelf.{name})", f"{name} cannot be added or removed later")


RULE_CEL = (
    _kept("ruleName"),
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
    CelRule(f"!({_IS_DEFAULT_GROUP}) || !has(self.filterExpression)", "the Default group has no filterExpression"),
)


def length_rule(name_field: str, longest: int) -> CelRule:
    """Demand the name where metadata.name, its default, would be too long for AWS."""
    return CelRule(
        f"has(self.spec.{name_field}) || size(self.metadata.name) <= {longest}",
        f"metadata.name has more than {longest} characters, AWS's limit: set spec.{name_field}",
    )
