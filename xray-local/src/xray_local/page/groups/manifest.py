"""A group as the manifest that the operator applies. Pure.

A JSON string is a double-quoted scalar of YAML, so recorded text needs no other escaping.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

API_VERSION = "xray.cruddur.io/v1alpha1"
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def manifest(group: Mapping[str, Any]) -> str:
    """Return a Group shape as YAML; members at their default are left out."""
    name = str(group.get("GroupName") or "")
    resource = _NOT_IN_A_NAME.sub("-", name.lower()).strip("-") or "group"
    spec: dict[str, str] = {}
    if name != resource:
        spec["groupName"] = f" {_quoted(name)}"
    if expression := group.get("FilterExpression"):
        spec["filterExpression"] = f" {_quoted(str(expression))}"
    insights = group.get("InsightsConfiguration") or {}
    enabled = [member for member in ("InsightsEnabled", "NotificationsEnabled") if insights.get(member)]
    if enabled:
        spec["insightsConfiguration"] = "".join(f"\n    {member[0].lower()}{member[1:]}: true" for member in enabled)
    body = "".join(f"\n  {key}:{value}" for key, value in spec.items()) or " {}"
    return f"apiVersion: {API_VERSION}\nkind: XRayGroup\nmetadata:\n  name: {resource}\nspec:{body}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
