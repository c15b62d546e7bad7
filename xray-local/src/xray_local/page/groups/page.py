"""The page of the groups, and one of them as a manifest."""

from xray_local.api.operations import OPERATIONS
from xray_local.page.frame.exchange import Page, PageRequest, Text
from xray_local.page.groups.lines import group_json, group_line
from xray_local.page.groups.manifest import manifest
from xray_local.page.groups.reading import read_numbers
from xray_local.page.queries import all_items


async def show(request: PageRequest) -> Page:
    """Show every group with its expression and the numbers of the stored traces that match it."""
    groups = list(all_items("GetGroups", request.region, "Groups"))
    found = [(group, await read_numbers(request.region, group, request.now)) for group in groups]
    context = {"lines": [group_line(*pair) for pair in found]}
    data = {"groups": [group_json(*pair) for pair in found]}
    return Page(title="Groups", section="/groups", template="groups/groups.html", context=context, data=data)


async def show_manifest(request: PageRequest) -> Text:
    """Show a group as YAML; ApiError if there is none of the name."""
    group = OPERATIONS["GetGroup"](request.region, {"GroupName": request.match["name"]})["Group"]
    return Text(manifest(group).encode("utf-8", "replace"), "text/plain")
