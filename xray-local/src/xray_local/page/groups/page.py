"""The page of the groups."""

from xray_local.page.frame.exchange import Page, PageRequest
from xray_local.page.groups.lines import group_json, group_line
from xray_local.page.queries import all_items, count_matches


async def show(request: PageRequest) -> Page:
    """Show every group with its expression and the number of stored traces that match it."""
    groups = list(all_items("GetGroups", request.region, "Groups"))
    counted = [(group, await count_matches(request.region, group.get("FilterExpression"))) for group in groups]
    lines = [group_line(*group) for group in counted]
    data = {"groups": [group_json(*group) for group in counted]}
    return Page(title="Groups", section="/groups", template="groups/groups.html", context={"lines": lines}, data=data)
