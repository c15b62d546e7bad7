"""TagResource, UntagResource and ListTagsForResource for rules and groups."""

from typing import Any

from xray_local.api.operations import paging
from xray_local.api.operations.defaults import GROUP, RULE, held
from xray_local.errors import ApiError, invalid, not_found
from xray_local.state.region import Service
from xray_model import limits

PAGE = 100
_KINDS = {"sampling-rule": RULE, "group": GROUP}


def given(request: dict[str, Any]) -> dict[str, str]:
    """Give the tags of a request as key and value, within AWS's limits."""
    tags: dict[str, str] = {}
    for tag in request.get("Tags") or ():
        if tag["Key"].lower().startswith("aws:"):
            raise invalid(f"Tag key {tag['Key']} is reserved: it begins with aws:")
        if tag["Key"] in tags:
            raise invalid(f"Tag key {tag['Key']} is given twice")
        tags[tag["Key"]] = tag["Value"]
    _limit(tags)
    return tags


def list_tags_for_resource(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give a resource's tags by key."""
    _, _, body = _find(service, request["ResourceARN"])
    whole = [{"Key": key, "Value": value} for key, value in sorted(body["tags"].items())]
    items, token = paging.page(whole, request.get("NextToken"), PAGE)
    return paging.answer("Tags", items, token)


def tag_resource(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or give them new values."""
    kind, name, body = _find(service, request["ResourceARN"])
    tags = body["tags"] | given(request)
    _limit(tags)
    service.store.put_resource(kind, name, body | {"tags": tags})
    return {}


def untag_resource(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Remove tags; a key that is not there is no error."""
    kind, name, body = _find(service, request["ResourceARN"])
    gone = set(request["TagKeys"])
    kept = {key: value for key, value in body["tags"].items() if key not in gone}
    service.store.put_resource(kind, name, body | {"tags": kept})
    return {}


def _limit(tags: dict[str, str]) -> None:
    if len(tags) > limits.TAGS:
        message = f"The resource would have {len(tags)} tags, the limit is {limits.TAGS}"
        raise ApiError("TooManyTagsException", message)


def _find(service: Service, arn: str) -> tuple[str, str, dict[str, Any]]:
    word, _, path = arn.removeprefix(service.arn("")).partition("/")
    name, _, suffix = path.partition("/") if word == "group" else (path, "", "")
    body = held(service, _KINDS[word], name) if word in _KINDS else None
    if body is None or (word == "group" and body["suffix"] != suffix):
        raise not_found(f"Resource {arn} does not exist")
    return _KINDS[word], name, body
