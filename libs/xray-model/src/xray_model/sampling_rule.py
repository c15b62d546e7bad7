"""A sampling rule as a frozen, validated value, and its way to and from the API's shapes.

Used by the operator (what a manifest asks for, what AWS holds) and by xray-local (what it stores). It knows what
AWS lets be updated, and the Default rule's special limits: facts of UpdateSamplingRule in the API reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from xray_model import checks, limits
from xray_model.differences import Difference, compare
from xray_model.errors import ModelError

DEFAULT_RULE_NAME = "Default"
DEFAULT_RULE_FIELDS = ("FixedRate", "ReservoirSize")
INVALID_DEFAULT_UPDATE = "Invalid update request for default sampling rule"  # AWS's own message

# The field's name in Python and in the API, in the API's order.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRateBoost:
    """Adaptive sampling: the highest rate (0 to 1), and the minutes between two boosts."""

    max_rate: float
    cooldown_window_minutes: int

    def __post_init__(self) -> None:
        checks.rate("SamplingRateBoost.MaxRate", self.max_rate)
        checks.integer("SamplingRateBoost.CooldownWindowMinutes", self.cooldown_window_minutes, least=0)

    @classmethod
    def from_api(cls, shape: object) -> "SamplingRateBoost":
        """Read the SamplingRateBoost shape."""
        given = dict(checks.mapping("SamplingRateBoost", shape))
        missing = {"MaxRate", "CooldownWindowMinutes"} - given.keys()
        if missing:
            raise ModelError("SamplingRateBoost", given, "MaxRate and CooldownWindowMinutes")
        _refuse_unknown("SamplingRateBoost.", given, ("MaxRate", "CooldownWindowMinutes"))
        rate = checks.rate("SamplingRateBoost.MaxRate", given["MaxRate"])
        cooldown = checks.integer("SamplingRateBoost.CooldownWindowMinutes", given["CooldownWindowMinutes"], least=0)
        return cls(max_rate=rate, cooldown_window_minutes=cooldown)

    def to_api(self) -> dict[str, Any]:
        """Give the SamplingRateBoost shape."""
        return {"MaxRate": self.max_rate, "CooldownWindowMinutes": self.cooldown_window_minutes}


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRule:
    """A sampling rule within AWS's limits; ModelError names the first field that is outside."""

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
        """Tell whether this is AWS's own last rule."""
        return self.rule_name == DEFAULT_RULE_NAME

    @classmethod
    def from_api(cls, shape: Mapping[str, Any]) -> "SamplingRule":
        """Read the SamplingRule shape; RuleARN is AWS's own and passed over."""
        given = {name: value for name, value in shape.items() if name != "RuleARN" and value is not None}
        _refuse_unknown("", given, tuple(_FIELDS))
        for name in _REQUIRED:
            if name not in given:
                raise ModelError(name, None, "a value")
        return cls(**_python(given))

    def to_api(self) -> dict[str, Any]:
        """Give the whole SamplingRule shape, without RuleARN."""
        shape: dict[str, Any] = {api: getattr(self, python) for python, api in _NAMES.items()}
        shape["Attributes"] = dict(self.attributes)
        boost = shape.pop("SamplingRateBoost")
        return shape | ({} if boost is None else {"SamplingRateBoost": boost.to_api()})

    def to_update(self) -> dict[str, Any]:
        """Give the SamplingRuleUpdate shape; of the Default rule only what AWS accepts."""
        allowed = DEFAULT_RULE_FIELDS if self.is_default else UPDATABLE_RULE_FIELDS
        return {name: value for name, value in self.to_api().items() if name == "RuleName" or name in allowed}

    def updated(self, update: Mapping[str, Any]) -> "SamplingRule":
        """Apply a SamplingRuleUpdate: what it omits stays. ModelError on what AWS forbids."""
        given = {
            name: value for name, value in update.items() if name not in {"RuleName", "RuleARN"} and value is not None
        }
        if self.is_default:
            for name, value in given.items():
                if name not in DEFAULT_RULE_FIELDS:
                    raise ModelError(name, value, f"only FixedRate and ReservoirSize ({INVALID_DEFAULT_UPDATE})")
        _refuse_unknown("", given, UPDATABLE_RULE_FIELDS)
        return replace(self, **_python(given))

    def differences(self, actual: "SamplingRule") -> tuple[Difference, ...]:
        """Give the fields in which `actual` is not what this rule asks for."""
        return compare(self.to_api(), actual.to_api())


def default_rule() -> SamplingRule:
    """Give the rule that every region has: 1 request a second, then 5 %."""
    return SamplingRule(
        rule_name=DEFAULT_RULE_NAME, priority=limits.DEFAULT_PRIORITY, fixed_rate=0.05, reservoir_size=1
    )


def sdk_ignores(rule: SamplingRule) -> tuple[str, ...]:
    """Give the reasons why the X-Ray SDKs drop this rule without a word; none when they follow it.

    Source: aws_xray_sdk's connector, which takes rules of version 1 with ResourceARN `*`, a ServiceType and no
    Attributes.
    """
    reasons = {
        f"Version is {rule.version}, not 1": rule.version != 1,
        f"ResourceARN is {rule.resource_arn!r}, not '*'": rule.resource_arn != "*",
        "ServiceType is empty": not rule.service_type,
        "it has Attributes": bool(rule.attributes),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def _attributes(value: object) -> Mapping[str, str]:
    given = checks.mapping("Attributes", value)
    if len(given) > limits.ATTRIBUTES_MAX:
        raise ModelError("Attributes", dict(given), f"at most {limits.ATTRIBUTES_MAX} pairs")
    longest = limits.ATTRIBUTE_TEXT_MAX
    return MappingProxyType(
        {
            checks.text("Attributes key", key, longest=longest, shortest=1): checks.text(
                f"Attributes[{key!r}]", text, longest=longest, shortest=1
            )
            for key, text in given.items()
        }
    )


def _python(given: Mapping[str, Any]) -> dict[str, Any]:
    values = {_FIELDS[name]: value for name, value in given.items()}
    if "sampling_rate_boost" in values:
        values["sampling_rate_boost"] = SamplingRateBoost.from_api(values["sampling_rate_boost"])
    return values


def _refuse_unknown(prefix: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name, value in given.items():
        if name not in known:
            raise ModelError(prefix + name, value, f"one of {', '.join(known)}")
