"""The groups with the number of traces that match each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xray_local.page.frame import formats
from xray_local.page.queries import MatchCount


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group; `insights` lists what is enabled."""

    name: str
    expression: str
    href: str
    matches: MatchCount
    insights: str


def group_line(group: Mapping[str, Any], matches: MatchCount) -> GroupLine:
    """Return the line of a Group shape."""
    insights = group.get("InsightsConfiguration") or {}
    options = (("InsightsEnabled", "insights"), ("NotificationsEnabled", "notifications"))
    expression = str(group.get("FilterExpression") or "")
    return GroupLine(
        name=str(group.get("GroupName") or ""),
        expression=expression,
        href=formats.filter_href(expression),
        matches=matches,
        insights=", ".join(label for key, label in options if insights.get(key)) or "off",
    )


def group_json(group: Mapping[str, Any], matches: MatchCount) -> dict[str, Any]:
    """Return the Group shape with the number of matches."""
    return {**group, "Matches": matches.number, "at_least": matches.at_least}
