"""A sampling rule as a frozen, validated value, with conversion to and from the API's shapes.

The updatable members and the Default rule's limits are those of UpdateSamplingRule in the API reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from xray_model import limits
from xray_model.errors import ModelError
from xray_model.fields import checks

if TYPE_CHECKING:
    from xray_model.fields.differences import Difference

DEFAULT_RULE_NAME = "Default"
DEFAULT_RULE_FIELDS = ("FixedRate", "ReservoirSize")
INVALID_DEFAULT_UPDATE = "Invalid update request for default sampling rule"  # AWS's own message

# The field's names in Python and in the API, in the API's order.
_NAMES = {
    "rule_name": "RuleName",
    "resource_arn": "ResourceARN",
    "priority": "Priority",
    "fixed_rate": "FixedRate",
    "reservoir_size": "ReservoirSize",
    "service_name": "ServiceName",
    "service_type": "ServiceType",
    "host": "Host",
    "http_method": "HTTPMethod",
    "url_path": "URLPath",
    "version": "Version",
    "attributes": "Attributes",
    "sampling_rate_boost": "SamplingRateBoost",
}
_FIELDS = {api: python for python, api in _NAMES.items()}
_REQUIRED = ("RuleName", "Priority", "FixedRate", "ReservoirSize")
UPDATABLE_RULE_FIELDS = tuple(name for name in _FIELDS if name not in {"RuleName", "Version"})
_TEXTS = {
    "service_name": limits.SERVICE_NAME_MAX,
    "service_type": limits.SERVICE_TYPE_MAX,
    "host": limits.HOST_MAX,
    "http_method": limits.HTTP_METHOD_MAX,
    "url_path": limits.URL_PATH_MAX,
    "resource_arn": limits.RESOURCE_ARN_MAX,
}


class SamplingRateBoost(NamedTuple):
    """Adaptive sampling: the maximum rate (0 to 1), and the minutes between two boosts. A rule validates it."""

    max_rate: float
    cooldown_window_minutes: int

    def validate(self) -> None:
        """Raise ModelError for the first invalid field."""
        checks.rate("SamplingRateBoost.MaxRate", self.max_rate)
        checks.integer("SamplingRateBoost.CooldownWindowMinutes", self.cooldown_window_minutes, least=0)

    @classmethod
    def from_api(cls, shape: object) -> "SamplingRateBoost":
        """Parse the SamplingRateBoost shape."""
        members = dict(checks.mapping("SamplingRateBoost", shape))
        missing = {"MaxRate", "CooldownWindowMinutes"} - members.keys()
        if missing:
            raise ModelError("SamplingRateBoost", members, "MaxRate and CooldownWindowMinutes")
        _reject_unknown("SamplingRateBoost.", members, ("MaxRate", "CooldownWindowMinutes"))
        rate = checks.rate("SamplingRateBoost.MaxRate", members["MaxRate"])
        cooldown = checks.integer("SamplingRateBoost.CooldownWindowMinutes", members["CooldownWindowMinutes"], least=0)
        return cls(rate, cooldown)

    def to_api(self) -> dict[str, Any]:
        """Return the SamplingRateBoost shape."""
        return {"MaxRate": self.max_rate, "CooldownWindowMinutes": self.cooldown_window_minutes}


@dataclass(frozen=True, kw_only=True)
class SamplingRule:
    """A sampling rule within AWS's limits. Raise ModelError for the first invalid field."""

    rule_name: str
    priority: int
    fixed_rate: float
    reservoir_size: int
    service_name: str = "*"
    service_type: str = "*"
    host: str = "*"
    http_method: str = "*"
    url_path: str = "*"
    resource_arn: str = "*"
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    version: int = 1
    sampling_rate_boost: SamplingRateBoost | None = None

    def __post_init__(self) -> None:
        checks.text("RuleName", self.rule_name, longest=limits.RULE_NAME_MAX, shortest=1)
        for name, longest in _TEXTS.items():
            checks.text(_NAMES[name], getattr(self, name), longest=longest)
        self._check_priority()
        object.__setattr__(self, "fixed_rate", checks.rate("FixedRate", self.fixed_rate))
        checks.integer("ReservoirSize", self.reservoir_size, least=0)
        checks.integer("Version", self.version, least=1)
        object.__setattr__(self, "attributes", _attributes(self.attributes))
        if self.sampling_rate_boost is not None:
            self.sampling_rate_boost.validate()
        if self.is_default:
            self._check_default()

    def _check_priority(self) -> None:
        if self.is_default:
            if self.priority != limits.DEFAULT_PRIORITY:
                raise ModelError("Priority", self.priority, f"{limits.DEFAULT_PRIORITY} for the Default rule")
        else:
            checks.integer("Priority", self.priority, least=limits.PRIORITY_MIN, most=limits.PRIORITY_MAX)

    def _check_default(self) -> None:
        for name in _TEXTS:
            if getattr(self, name) != "*":
                raise ModelError(_NAMES[name], getattr(self, name), "'*' for the Default rule")
        if self.attributes:
            raise ModelError("Attributes", dict(self.attributes), "none for the Default rule")

    @property
    def is_default(self) -> bool:
        """Whether this is AWS's Default rule, which is evaluated last."""
        return self.rule_name == DEFAULT_RULE_NAME

    @classmethod
    def from_api(cls, shape: Mapping[str, Any]) -> "SamplingRule":
        """Parse the SamplingRule shape; ignore RuleARN, which AWS assigns."""
        members = {name: value for name, value in shape.items() if name != "RuleARN" and value is not None}
        _reject_unknown("", members, tuple(_FIELDS))
        for name in _REQUIRED:
            if name not in members:
                raise ModelError(name, None, "a value")
        return cls(**_python(members))

    def to_api(self) -> dict[str, Any]:
        """Return the whole SamplingRule shape, without RuleARN."""
        shape: dict[str, Any] = {api: getattr(self, python) for python, api in _NAMES.items()}
        shape["Attributes"] = dict(self.attributes)
        boost = shape.pop("SamplingRateBoost")
        return shape | ({} if boost is None else {"SamplingRateBoost": boost.to_api()})

    def to_update(self) -> dict[str, Any]:
        """Return the SamplingRuleUpdate shape; for the Default rule only the members that AWS accepts."""
        allowed = DEFAULT_RULE_FIELDS if self.is_default else UPDATABLE_RULE_FIELDS
        return {name: value for name, value in self.to_api().items() if name == "RuleName" or name in allowed}

    def updated(self, update: Mapping[str, Any]) -> "SamplingRule":
        """Return the rule after a SamplingRuleUpdate; omitted members stay. Raise ModelError for what AWS rejects."""
        members = {
            name: value for name, value in update.items() if name not in {"RuleName", "RuleARN"} and value is not None
        }
        if self.is_default:
            for name, value in members.items():
                if name not in DEFAULT_RULE_FIELDS:
                    raise ModelError(name, value, f"only FixedRate and ReservoirSize ({INVALID_DEFAULT_UPDATE})")
        _reject_unknown("", members, UPDATABLE_RULE_FIELDS)
        return replace(self, **_python(members))

    def differences(self, actual: "SamplingRule") -> "tuple[Difference, ...]":
        """Return the fields in which `actual` differs from this rule."""
        from xray_model.fields.differences import compare

        return compare(self.to_api(), actual.to_api())


def default_rule() -> SamplingRule:
    """Return the rule that exists in every region: 1 request a second, then 5 %."""
    return SamplingRule(
        rule_name=DEFAULT_RULE_NAME, priority=limits.DEFAULT_PRIORITY, fixed_rate=0.05, reservoir_size=1
    )


def sdk_ignores(rule: SamplingRule) -> tuple[str, ...]:
    """Return the reasons why the X-Ray SDKs silently ignore this rule; empty if they apply it.

    Source: aws_xray_sdk's connector, which accepts rules of version 1 with ResourceARN `*`, a ServiceType and no
    Attributes.
    """
    reasons = {
        f"Version is {rule.version}, not 1": rule.version != 1,
        f"ResourceARN is {rule.resource_arn!r}, not '*'": rule.resource_arn != "*",
        "ServiceType is empty": not rule.service_type,
        "it has Attributes": bool(rule.attributes),
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def _attributes(value: object) -> Mapping[str, str]:
    pairs = checks.mapping("Attributes", value)
    if len(pairs) > limits.ATTRIBUTES_MAX:
        raise ModelError("Attributes", dict(pairs), f"at most {limits.ATTRIBUTES_MAX} pairs")
    longest = limits.ATTRIBUTE_TEXT_MAX
    return MappingProxyType(
        {
            checks.text("Attributes key", key, longest=longest, shortest=1): checks.text(
                f"Attributes[{key!r}]", text, longest=longest, shortest=1
            )
            for key, text in pairs.items()
        }
    )


def _python(members: Mapping[str, Any]) -> dict[str, Any]:
    values = {_FIELDS[name]: value for name, value in members.items()}
    if "sampling_rate_boost" in values:
        values["sampling_rate_boost"] = SamplingRateBoost.from_api(values["sampling_rate_boost"])
    return values


def _reject_unknown(prefix: str, members: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name, value in members.items():
        if name not in known:
            raise ModelError(prefix + name, value, f"one of {', '.join(known)}")
