"""A group as a frozen, validated value, with conversion to and from the API's shapes.

The value has no ARN, because AWS generates part of it at random.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from xray_model import limits
from xray_model.errors import ModelError
from xray_model.fields import checks
from xray_model.fields.differences import Difference, compare
from xray_model.filter_expression import FilterError, parse

DEFAULT_GROUP_NAME = "Default"
UPDATABLE_GROUP_FIELDS = ("FilterExpression", "InsightsConfiguration")
_KNOWN = ("GroupName", *UPDATABLE_GROUP_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsConfiguration:
    """Whether AWS detects insights in a group's traces, and whether it sends notifications."""

    insights_enabled: bool = False
    notifications_enabled: bool = False

    def __post_init__(self) -> None:
        checks.boolean("InsightsConfiguration.InsightsEnabled", self.insights_enabled)
        checks.boolean("InsightsConfiguration.NotificationsEnabled", self.notifications_enabled)
        if self.notifications_enabled and not self.insights_enabled:
            raise ModelError("InsightsConfiguration.NotificationsEnabled", True, "InsightsEnabled to be true as well")

    @classmethod
    def from_api(cls, shape: object) -> "InsightsConfiguration":
        """Parse the InsightsConfiguration shape; omitted members are False."""
        members = checks.mapping("InsightsConfiguration", shape)
        for name, value in members.items():
            if name not in {"InsightsEnabled", "NotificationsEnabled"}:
                raise ModelError(f"InsightsConfiguration.{name}", value, "InsightsEnabled or NotificationsEnabled")
        return cls(
            insights_enabled=checks.boolean(
                "InsightsConfiguration.InsightsEnabled", members.get("InsightsEnabled") or False
            ),
            notifications_enabled=checks.boolean(
                "InsightsConfiguration.NotificationsEnabled", members.get("NotificationsEnabled") or False
            ),
        )

    def to_api(self) -> dict[str, Any]:
        """Return the InsightsConfiguration shape."""
        return {"InsightsEnabled": self.insights_enabled, "NotificationsEnabled": self.notifications_enabled}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group within AWS's limits with a valid filter expression.

    `trusted` skips parsing the expression: AWS may store one in a newer version of the language.
    """

    group_name: str
    filter_expression: str | None = None
    insights: InsightsConfiguration = field(default_factory=InsightsConfiguration)
    trusted: InitVar[bool] = False

    def __post_init__(self, trusted: bool) -> None:
        checks.text("GroupName", self.group_name, longest=limits.GROUP_NAME_MAX, shortest=1)
        if self.filter_expression is not None:
            checks.text("FilterExpression", self.filter_expression, longest=limits.FILTER_EXPRESSION_MAX)
            if self.is_default and self.filter_expression:
                raise ModelError("FilterExpression", self.filter_expression, "none for the Default group")
            if not trusted:
                _check_expression(self.filter_expression)

    @property
    def is_default(self) -> bool:
        """Whether this is the group that exists in every region."""
        return self.group_name == DEFAULT_GROUP_NAME

    @classmethod
    def from_api(cls, shape: Mapping[str, Any], *, trusted: bool = False) -> "Group":
        """Parse the Group shape; ignore GroupARN, which AWS assigns."""
        members = {name: value for name, value in shape.items() if name != "GroupARN" and value is not None}
        _reject_unknown(members, _KNOWN)
        if "GroupName" not in members:
            raise ModelError("GroupName", None, "a value")
        return cls(
            group_name=members["GroupName"],
            filter_expression=members.get("FilterExpression"),
            insights=InsightsConfiguration.from_api(members.get("InsightsConfiguration", {})),
            trusted=trusted,
        )

    def to_api(self) -> dict[str, Any]:
        """Return the whole Group shape, without GroupARN."""
        shape: dict[str, Any] = {"GroupName": self.group_name}
        if self.filter_expression is not None:
            shape["FilterExpression"] = self.filter_expression
        return shape | {"InsightsConfiguration": self.insights.to_api()}

    def to_update(self) -> dict[str, Any]:
        """Return UpdateGroup's parameters; for the Default group only the insights."""
        shape = self.to_api()
        if self.is_default:
            shape.pop("FilterExpression", None)
        return shape

    def updated(self, update: Mapping[str, Any]) -> "Group":
        """Return the group after an UpdateGroup request; omitted members stay."""
        members = {
            name: value for name, value in update.items() if name not in {"GroupName", "GroupARN"} and value is not None
        }
        _reject_unknown(members, UPDATABLE_GROUP_FIELDS)
        insights = self.insights
        if "InsightsConfiguration" in members:
            merged = self.insights.to_api() | dict(
                checks.mapping("InsightsConfiguration", members["InsightsConfiguration"])
            )
            insights = InsightsConfiguration.from_api(merged)
        if "FilterExpression" not in members:
            return replace(self, insights=insights, trusted=True)
        return replace(self, filter_expression=members["FilterExpression"], insights=insights)

    def differences(self, actual: "Group") -> tuple[Difference, ...]:
        """Return the fields in which `actual` differs from this group."""
        return compare(self.to_api(), actual.to_api())


def _check_expression(text: str) -> None:
    if not text:
        return
    try:
        parse(text)
    except FilterError as error:
        raise ModelError("FilterExpression", text, f"a filter expression ({error})") from error


def _reject_unknown(members: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name, value in members.items():
        if name not in known:
            raise ModelError(name, value, f"one of {', '.join(known)}")
