"""The rule and the group that every region has: there without being stored, and stored once they are changed.

Called by the operations on rules, groups and tags.
"""

from typing import Any

from xray_local.state.region import Service
from xray_model import DEFAULT_GROUP_NAME, DEFAULT_RULE_NAME, Group, default_rule

GROUP = "group"
RULE = "rule"
_GROUP_SUFFIX = "DEFAULT"


def held(service: Service, kind: str, name: str) -> dict[str, Any] | None:
    """Give what is kept of a rule or a group, or of the default one if it is asked for; None if there is none."""
    found = service.store.resource(kind, name)
    if found is not None:
        return found
    if (kind, name) == (RULE, DEFAULT_RULE_NAME):
        return {"rule": default_rule().to_api(), "created": 0.0, "modified": 0.0, "tags": {}}
    if (kind, name) == (GROUP, DEFAULT_GROUP_NAME):
        return {"group": Group(group_name=name).to_api(), "suffix": _GROUP_SUFFIX, "tags": {}}
    return None


def all_held(service: Service, kind: str) -> dict[str, dict[str, Any]]:
    """Give every rule or every group by its name, the default one included."""
    name = DEFAULT_RULE_NAME if kind == RULE else DEFAULT_GROUP_NAME
    default = held(service, kind, name) or {}
    return {name: default, **dict(service.store.resources(kind))}
