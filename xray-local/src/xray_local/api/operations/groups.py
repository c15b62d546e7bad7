"""The groups: create, read, update, delete, with AWS's messages and its Default group; and their insights.

Insights are found by a model of AWS's own that compares weeks of traffic: there are none here.
"""

import string
from contextlib import suppress
from functools import lru_cache
from typing import Any

from xray_local.api.operations import paging, tags
from xray_local.api.operations.defaults import GROUP, all_stored, stored
from xray_local.errors import invalid
from xray_local.state.region import Region
from xray_model import DEFAULT_GROUP_NAME, Group, ModelError, limits
from xray_model.filter_expression import Expression, FilterError, parse

MISSING = "Group not found"
PAGE = 100
_SUFFIX = 26  # the random part of a group's ARN
_parsed = lru_cache(4 * limits.GROUPS)(parse)  # every filter may name every group


def get_groups(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the groups by name, Default included."""
    shapes = [_shape(region, name, body) for name, body in sorted(all_stored(region, GROUP).items())]
    items, token = paging.page(shapes, request.get("NextToken"), PAGE)
    return paging.answer("Groups", items, token)


def get_group(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return one group by its name or its ARN."""
    name, body = _find(region, request)
    return {"Group": _shape(region, name, body)}


def create_group(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Create a group; the quota is 25 besides Default, and the name Default is taken."""
    group = _valid({key: value for key, value in request.items() if key != "Tags"})
    if stored(region, GROUP, group.group_name) is not None:
        raise invalid(f"Group {group.group_name} already exists")
    if sum(name != DEFAULT_GROUP_NAME for name, _ in region.store.resources(GROUP)) >= limits.GROUPS:
        raise invalid(f"Group limit exceeded: expected at most {limits.GROUPS}")
    suffix = "".join(region.random.choices(string.ascii_uppercase + "234567", k=_SUFFIX))
    body = {"group": group.to_api(), "suffix": suffix, "tags": tags.requested(request)}
    region.store.put_resource(GROUP, group.group_name, body)
    return {"Group": _shape(region, group.group_name, body)}


def update_group(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Change the members that the request names."""
    name, body = _find(region, request)
    try:
        group = Group.from_api(body["group"]).updated(request)
    except ModelError as error:
        raise invalid(str(error)) from error
    body["group"] = group.to_api()
    region.store.put_resource(GROUP, name, body)
    return {"Group": _shape(region, name, body)}


def delete_group(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a group; Default cannot be deleted."""
    name, _ = _find(region, request)
    if name == DEFAULT_GROUP_NAME:
        raise invalid("Default group cannot be deleted")
    region.store.delete_resource(GROUP, name)
    return {}


def get_insight_summaries(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return no insights, of a group that exists."""
    _find(region, request)
    if request["StartTime"] > request["EndTime"]:
        raise invalid("StartTime is after EndTime")
    return {"InsightSummaries": []}


def get_insight(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Refuse the id of an insight, its events and its graph: there is none."""
    raise invalid(f"Insight {request['InsightId']} does not exist")


def expressions(region: Region) -> list[tuple[dict[str, Any], Expression]]:
    """Return the groups that have an expression, with it parsed; one that is not valid any more has no traces."""
    shapes = [_shape(region, name, body) for name, body in region.store.resources(GROUP)]
    parsed = []
    for shape in shapes:
        with suppress(FilterError):
            parsed.append((shape, _parsed(shape.get("FilterExpression") or "")))
    return parsed


def arn_of(region: Region, name: str, body: dict[str, Any]) -> str:
    """Return a group's ARN, which ends in a random part."""
    return region.arn(f"group/{name}/{body['suffix']}")


def _valid(shape: dict[str, Any]) -> Group:
    try:
        return Group.from_api(shape)
    except ModelError as error:
        raise invalid(str(error)) from error


def _find(region: Region, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name, arn = request.get("GroupName"), request.get("GroupARN")
    if bool(name) == bool(arn):
        raise invalid("Expected either GroupName or GroupARN, and not both")
    if arn:
        name = str(arn).removeprefix(region.arn("group/")).rpartition("/")[0]
    body = stored(region, GROUP, str(name))
    if body is None or (arn and arn_of(region, str(name), body) != arn):
        raise invalid(MISSING)
    return str(name), body


def _shape(region: Region, name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**body["group"], "GroupARN": arn_of(region, name, body)}
