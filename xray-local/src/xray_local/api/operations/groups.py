"""The groups: create, read, update, delete, with AWS's messages and its Default group."""

import string
from typing import Any

from xray_local.api.operations import paging, tags
from xray_local.api.operations.defaults import GROUP, all_held, held
from xray_local.errors import invalid
from xray_local.state.region import Service
from xray_model import DEFAULT_GROUP_NAME, Group, ModelError, limits
from xray_model.filter_expression import Expression, parse

MISSING = "Group not found"
PAGE = 100
_SUFFIX = 26  # the random part of a group's ARN


def get_groups(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give the groups by name, Default included."""
    whole = [_shape(service, name, body) for name, body in sorted(all_held(service, GROUP).items())]
    items, token = paging.page(whole, request.get("NextToken"), PAGE)
    return paging.answer("Groups", items, token)


def get_group(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give one group by its name or its ARN."""
    name, body = _find(service, request)
    return {"Group": _shape(service, name, body)}


def create_group(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Create a group; 25 besides Default is the most, and the name Default is taken."""
    group = _valid({key: value for key, value in request.items() if key != "Tags"})
    if held(service, GROUP, group.group_name) is not None:
        raise invalid(f"Group {group.group_name} already exists")
    if sum(name != DEFAULT_GROUP_NAME for name, _ in service.store.resources(GROUP)) >= limits.GROUPS:
        raise invalid(f"Group limit exceeded: {limits.GROUPS} groups are the most")
    suffix = "".join(service.random.choices(string.ascii_uppercase + "234567", k=_SUFFIX))
    body = {"group": group.to_api(), "suffix": suffix, "tags": tags.given(request)}
    service.store.put_resource(GROUP, group.group_name, body)
    return {"Group": _shape(service, group.group_name, body)}


def update_group(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Change what the request names and leave the rest."""
    name, body = _find(service, request)
    try:
        group = Group.from_api(body["group"]).updated(request)
    except ModelError as error:
        raise invalid(str(error)) from error
    body["group"] = group.to_api()
    service.store.put_resource(GROUP, name, body)
    return {"Group": _shape(service, name, body)}


def delete_group(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a group; Default stays."""
    name, _ = _find(service, request)
    if name == DEFAULT_GROUP_NAME:
        raise invalid("Default group cannot be deleted")
    service.store.delete_resource(GROUP, name)
    return {}


def expressions(service: Service) -> list[tuple[dict[str, Any], Expression]]:
    """Give the groups that have an expression, with it parsed."""
    shapes = [_shape(service, name, body) for name, body in service.store.resources(GROUP)]
    return [(shape, parse(shape["FilterExpression"])) for shape in shapes if shape.get("FilterExpression")]


def arn_of(service: Service, name: str, body: dict[str, Any]) -> str:
    """Give a group's ARN, which ends in a random part."""
    return service.arn(f"group/{name}/{body['suffix']}")


def _valid(given: dict[str, Any]) -> Group:
    try:
        return Group.from_api(given)
    except ModelError as error:
        raise invalid(str(error)) from error


def _find(service: Service, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name, arn = given.get("GroupName"), given.get("GroupARN")
    if bool(name) == bool(arn):
        raise invalid("Expected either GroupName or GroupARN, and not both")
    if arn:
        name = str(arn).removeprefix(service.arn("group/")).rpartition("/")[0]
    body = held(service, GROUP, str(name))
    if body is None or (arn and arn_of(service, str(name), body) != arn):
        raise invalid(MISSING)
    return str(name), body


def _shape(service: Service, name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**body["group"], "GroupARN": arn_of(service, name, body)}
