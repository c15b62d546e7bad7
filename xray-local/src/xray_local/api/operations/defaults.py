"""The Default rule and the Default group, which every region has: they are stored only after a change."""

from typing import Any

from xray_local.state.region import Region
from xray_model import DEFAULT_GROUP_NAME, DEFAULT_RULE_NAME, Group, default_rule

GROUP = "group"
RULE = "rule"
_GROUP_SUFFIX = "DEFAULT"


def stored(region: Region, kind: str, name: str) -> dict[str, Any] | None:
    """Return the stored body of a rule or a group, or that of the default one; None if it does not exist."""
    found = region.store.resource(kind, name)
    if found is not None:
        return found
    if (kind, name) == (RULE, DEFAULT_RULE_NAME):
        return {"rule": default_rule().to_api(), "created": 0.0, "modified": 0.0, "tags": {}}
    if (kind, name) == (GROUP, DEFAULT_GROUP_NAME):
        return {"group": Group(group_name=name).to_api(), "suffix": _GROUP_SUFFIX, "tags": {}}
    return None


def all_stored(region: Region, kind: str) -> dict[str, dict[str, Any]]:
    """Return the bodies of all rules or all groups by name, the default one included."""
    name = DEFAULT_RULE_NAME if kind == RULE else DEFAULT_GROUP_NAME
    default = stored(region, kind, name) or {}
    return {name: default, **dict(region.store.resources(kind))}
