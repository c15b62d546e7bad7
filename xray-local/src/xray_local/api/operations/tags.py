"""TagResource, UntagResource and ListTagsForResource for rules and groups."""

from typing import Any

from xray_local.api.operations import paging
from xray_local.api.operations.defaults import GROUP, RULE, stored
from xray_local.errors import ApiError, invalid, not_found
from xray_local.state.region import Region
from xray_model import limits

PAGE = 100
_KINDS = {"sampling-rule": RULE, "group": GROUP}


def requested(request: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a request as key and value, within AWS's limits."""
    tags: dict[str, str] = {}
    for tag in request.get("Tags") or ():
        if tag["Key"].lower().startswith("aws:"):
            raise invalid(f"Tag key {tag['Key']} is reserved: it begins with aws:")
        if tag["Key"] in tags:
            raise invalid(f"Tag key {tag['Key']} is repeated")
        tags[tag["Key"]] = tag["Value"]
    _limit(tags)
    return tags


def list_tags_for_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return a resource's tags by key."""
    _, _, body = _find(region, request["ResourceARN"])
    tags = [{"Key": key, "Value": value} for key, value in sorted(body["tags"].items())]
    items, token = paging.page(tags, request.get("NextToken"), PAGE)
    return paging.answer("Tags", items, token)


def tag_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or change their values."""
    kind, name, body = _find(region, request["ResourceARN"])
    tags = body["tags"] | requested(request)
    _limit(tags)
    region.store.put_resource(kind, name, body | {"tags": tags})
    return {}


def untag_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Remove tags; a key that is absent is ignored."""
    kind, name, body = _find(region, request["ResourceARN"])
    tags = {key: value for key, value in body["tags"].items() if key not in request["TagKeys"]}
    region.store.put_resource(kind, name, body | {"tags": tags})
    return {}


def _limit(tags: dict[str, str]) -> None:
    if len(tags) > limits.TAGS:
        raise ApiError("TooManyTagsException", f"{len(tags)} tags: expected at most {limits.TAGS}")


def _find(region: Region, arn: str) -> tuple[str, str, dict[str, Any]]:
    word, _, path = arn.removeprefix(region.arn("")).partition("/")
    name, _, suffix = path.partition("/") if word == "group" else (path, "", "")
    body = stored(region, _KINDS[word], name) if word in _KINDS else None
    if body is None or (word == "group" and body["suffix"] != suffix):
        raise not_found(f"Resource {arn} does not exist")
    return _KINDS[word], name, body
