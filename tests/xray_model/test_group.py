"""Groups: AWS's limits, the API's shapes, updates, and the Default group."""

from collections.abc import Mapping
from typing import Any

import pytest

from xray_model import Difference, Group, InsightsConfiguration, ModelError

SHAPE = {
    "GroupName": "x-ray-backend",
    "FilterExpression": 'service("backend-flask") {fault OR error}',
    "InsightsConfiguration": {"InsightsEnabled": True, "NotificationsEnabled": False},
}


def test_the_api_s_shape_survives_a_round_trip() -> None:
    """Everything that is read is given back, but for AWS's own ARN."""
    assert Group.from_api(SHAPE | {"GroupARN": "arn:aws:xray:x"}).to_api() == SHAPE


def test_a_group_needs_its_name_alone() -> None:
    """No expression matches everything, and insights are off."""
    assert Group.from_api({"GroupName": "g"}).to_api() == {
        "GroupName": "g",
        "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False},
    }


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({}, "GroupName: None: expected a value"),
        ({"GroupName": "x" * 33}, f"GroupName: {'x' * 33!r}: expected a string of 1 to 32 characters"),
        ({"GroupName": "g", "Colour": 1}, "Colour: 1: expected one of GroupName, FilterExpression, Insights"),
        ({"GroupName": "g", "FilterExpression": 5}, "FilterExpression: 5: expected a string"),
        (
            {"GroupName": "g", "FilterExpression": "http.url CONTAINS 5"},
            "FilterExpression: 'http.url CONTAINS 5': expected a filter expression (column 19: expected a string after",
        ),
        (
            {"GroupName": "g", "InsightsConfiguration": {"NotificationsEnabled": True}},
            "InsightsConfiguration.NotificationsEnabled: True: expected InsightsEnabled to be true as well",
        ),
        (
            {"GroupName": "g", "InsightsConfiguration": {"Enabled": True}},
            "InsightsConfiguration.Enabled: True: expected InsightsEnabled or NotificationsEnabled",
        ),
        (
            {"GroupName": "g", "InsightsConfiguration": {"InsightsEnabled": "yes"}},
            "InsightsConfiguration.InsightsEnabled: 'yes': expected true or false",
        ),
        ({"GroupName": "Default", "FilterExpression": "ok"}, "FilterExpression: 'ok': expected none for the Default"),
    ],
)
def test_each_limit_is_named_with_field_value_and_expectation(shape: Mapping[str, Any], message: str) -> None:
    """The message answers what was wrong and what would be right."""
    with pytest.raises(ModelError) as raised:
        Group.from_api(shape)
    assert str(raised.value).startswith(message)


def test_an_update_leaves_alone_what_it_does_not_name() -> None:
    """The expression stays when only notifications change, and insights stay when the expression does."""
    group = Group.from_api(SHAPE)
    noisy = group.updated({"GroupName": "x-ray-backend", "InsightsConfiguration": {"NotificationsEnabled": True}})
    assert noisy.filter_expression == group.filter_expression
    assert noisy.insights == InsightsConfiguration(insights_enabled=True, notifications_enabled=True)
    assert group.updated({"FilterExpression": "ok"}).insights == group.insights


def test_an_update_of_anything_else_is_refused() -> None:
    """UpdateGroup has two members."""
    with pytest.raises(ModelError, match=r"^Tags"):
        Group.from_api(SHAPE).updated({"Tags": []})


def test_the_default_group_updates_its_insights_only() -> None:
    """Its expression is never sent."""
    default = Group(group_name="Default", filter_expression="")
    assert default.to_update() == {
        "GroupName": "Default",
        "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False},
    }


def test_differences_name_the_api_s_fields() -> None:
    """Desired first, then actual; a field that one side lacks counts."""
    assert Group.from_api({"GroupName": "x-ray-backend"}).differences(Group.from_api(SHAPE)) == (
        Difference(
            "InsightsConfiguration",
            {"InsightsEnabled": False, "NotificationsEnabled": False},
            {"InsightsEnabled": True, "NotificationsEnabled": False},
        ),
        Difference("FilterExpression", None, SHAPE["FilterExpression"]),
    )
