"""The groups with the numbers of the traces that match each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from xray_local.page.frame.formats import filter_href, link
from xray_local.page.groups.reading import GroupNumbers
from xray_local.page.groups.sparkline import Sparkline, sparkline
from xray_model import DEFAULT_GROUP_NAME


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group; `insights` names what is enabled; `yaml_href` is empty for the Default group, which always exists."""

    name: str
    expression: str
    href: str
    services_href: str
    yaml_href: str
    insights: str
    numbers: GroupNumbers
    hour: Sparkline


def group_line(group: Mapping[str, Any], numbers: GroupNumbers) -> GroupLine:
    """Return the line of a Group shape."""
    insights = group.get("InsightsConfiguration") or {}
    options = (("InsightsEnabled", "insights"), ("NotificationsEnabled", "notifications"))
    expression, name = str(group.get("FilterExpression") or ""), str(group.get("GroupName") or "")
    return GroupLine(
        name=name,
        expression=expression,
        href=filter_href(expression),
        services_href=link("/services", group="" if name == DEFAULT_GROUP_NAME else name),
        yaml_href="" if name == DEFAULT_GROUP_NAME else f"/groups/{quote(name, safe='', errors='replace')}.yaml",
        insights=", ".join(label for key, label in options if insights.get(key)),
        numbers=numbers,
        hour=sparkline(numbers.traces, numbers.failed),
    )


def group_json(group: Mapping[str, Any], numbers: GroupNumbers) -> dict[str, Any]:
    """Return the Group shape with its numbers."""
    spread = numbers.spread
    return {
        **group,
        "Matches": spread.traces,
        "at_least": numbers.at_least,
        "faults": spread.faults,
        "errors": spread.errors,
        "throttles": spread.throttles,
        "p50": spread.p50,
        "p95": spread.p95,
        "minutes": {"traces": numbers.traces, "faults": numbers.failed},
    }
