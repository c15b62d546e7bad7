from typing import Any

import pytest
import yaml

from xray_local.page.groups.manifest import manifest
from xray_model import Group
from xray_operator.manifests.load import load

EXPRESSION = 'service("shop") {fault} OR annotation.text = "a: #b \\"\'"'


def test_a_manifest_is_what_the_operator_applies() -> None:
    """Its text is YAML, whatever is in the expression."""
    group = {"GroupName": "Shop Faults", "FilterExpression": EXPRESSION}
    (found,) = load(["-"], lambda: manifest(group))
    assert (found.name, found.value.to_api()) == ("shop-faults", Group.from_api(group).to_api())


@pytest.mark.parametrize(
    ("group", "name", "spec"),
    [
        ({"GroupName": "Shop Faults"}, "shop-faults", {"groupName": "Shop Faults"}),
        ({"GroupName": "g"}, "g", {}),
        (
            {"GroupName": "g", "InsightsConfiguration": {"InsightsEnabled": True, "NotificationsEnabled": True}},
            "g",
            {"insightsConfiguration": {"insightsEnabled": True, "notificationsEnabled": True}},
        ),
    ],
)
def test_members_at_their_default_are_left_out(group: dict[str, Any], name: str, spec: dict[str, Any]) -> None:
    """A name that Kubernetes rejects becomes the group's name beside another one."""
    found = yaml.safe_load(manifest(group))
    assert (found["metadata"]["name"], found["spec"]) == (name, spec)
