"""A group as a frozen, validated value, and its way to and from the API's shapes.

Used by the operator and by xray-local. The ARN carries a random part that AWS makes, so it is no part of the value.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from xray_model import checks, limits
from xray_model.differences import Difference, compare
from xray_model.errors import ModelError
from xray_model.filter_expression import FilterError, parse

DEFAULT_GROUP_NAME = "Default"
UPDATABLE_GROUP_FIELDS = ("FilterExpression", "InsightsConfiguration")
_KNOWN = ("GroupName", *UPDATABLE_GROUP_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsConfiguration:
    """Whether AWS looks for insights in a group's traces, and tells about them."""

    insights_enabled: bool = False
    notifications_enabled: bool = False

    def __post_init__(self) -> None:
        checks.boolean("InsightsConfiguration.InsightsEnabled", self.insights_enabled)
        checks.boolean("InsightsConfiguration.NotificationsEnabled", self.notifications_enabled)
        if self.notifications_enabled and not self.insights_enabled:
            raise ModelError("InsightsConfiguration.NotificationsEnabled", True, "InsightsEnabled to be true as well")

    @classmethod
    def from_api(cls, shape: object) -> "InsightsConfiguration":
        """Read the InsightsConfiguration shape; what it omits is false."""
        given = checks.mapping("InsightsConfiguration", shape)
        for name, value in given.items():
            if name not in {"InsightsEnabled", "NotificationsEnabled"}:
                raise ModelError(f"InsightsConfiguration.{name}", value, "InsightsEnabled or NotificationsEnabled")
        return cls(
            insights_enabled=checks.boolean(
                "InsightsConfiguration.InsightsEnabled", given.get("InsightsEnabled") or False
            ),
            notifications_enabled=checks.boolean(
                "InsightsConfiguration.NotificationsEnabled", given.get("NotificationsEnabled") or False
            ),
        )

    def to_api(self) -> dict[str, Any]:
        """Give the InsightsConfiguration shape."""
        return {"InsightsEnabled": self.insights_enabled, "NotificationsEnabled": self.notifications_enabled}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group within AWS's limits, whose filter expression parses.

    `trusted` takes the expression as it is: AWS may hold one whose language is newer than ours.
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
        """Tell whether this is the group that every region has."""
        return self.group_name == DEFAULT_GROUP_NAME

    @classmethod
    def from_api(cls, shape: Mapping[str, Any], *, trusted: bool = False) -> "Group":
        """Read the Group shape; GroupARN is AWS's own and passed over."""
        given = {name: value for name, value in shape.items() if name != "GroupARN" and value is not None}
        _refuse_unknown(given, _KNOWN)
        if "GroupName" not in given:
            raise ModelError("GroupName", None, "a value")
        return cls(
            group_name=given["GroupName"],
            filter_expression=given.get("FilterExpression"),
            insights=InsightsConfiguration.from_api(given.get("InsightsConfiguration", {})),
            trusted=trusted,
        )

    def to_api(self) -> dict[str, Any]:
        """Give the whole Group shape, without GroupARN."""
        shape: dict[str, Any] = {"GroupName": self.group_name}
        if self.filter_expression is not None:
            shape["FilterExpression"] = self.filter_expression
        return shape | {"InsightsConfiguration": self.insights.to_api()}

    def to_update(self) -> dict[str, Any]:
        """Give what UpdateGroup takes; of the Default group only the insights."""
        shape = self.to_api()
        if self.is_default:
            shape.pop("FilterExpression", None)
        return shape

    def updated(self, update: Mapping[str, Any]) -> "Group":
        """Apply an UpdateGroup request: what it omits stays."""
        given = {
            name: value for name, value in update.items() if name not in {"GroupName", "GroupARN"} and value is not None
        }
        _refuse_unknown(given, UPDATABLE_GROUP_FIELDS)
        insights = self.insights
        if "InsightsConfiguration" in given:
            merged = self.insights.to_api() | dict(
                checks.mapping("InsightsConfiguration", given["InsightsConfiguration"])
            )
            insights = InsightsConfiguration.from_api(merged)
        if "FilterExpression" not in given:
            return replace(self, insights=insights, trusted=True)
        return replace(self, filter_expression=given["FilterExpression"], insights=insights)

    def differences(self, actual: "Group") -> tuple[Difference, ...]:
        """Give the fields in which `actual` is not what this group asks for."""
        return compare(self.to_api(), actual.to_api())


def _check_expression(text: str) -> None:
    if not text:
        return
    try:
        parse(text)
    except FilterError as error:
        raise ModelError("FilterExpression", text, f"a filter expression ({error})") from error


def _refuse_unknown(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name, value in given.items():
        if name not in known:
            raise ModelError(name, value, f"one of {', '.join(known)}")
