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
    """Every member except AWS's ARN comes back unchanged."""
    assert Group.from_api(SHAPE | {"GroupARN": "arn:aws:xray:x"}).to_api() == SHAPE


def test_only_the_name_is_required() -> None:
    """By default there is no expression and insights are disabled."""
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
def test_an_invalid_member_is_named_with_its_value_and_the_expected_one(shape: Mapping[str, Any], message: str) -> None:
    """The message has the field, the value, and what was expected."""
    with pytest.raises(ModelError) as raised:
        Group.from_api(shape)
    assert str(raised.value).startswith(message)


def test_an_update_keeps_omitted_members() -> None:
    """The expression stays when only notifications change, and insights stay when only the expression changes."""
    group = Group.from_api(SHAPE)
    noisy = group.updated({"GroupName": "x-ray-backend", "InsightsConfiguration": {"NotificationsEnabled": True}})
    assert noisy.filter_expression == group.filter_expression
    assert noisy.insights == InsightsConfiguration(insights_enabled=True, notifications_enabled=True)
    assert group.updated({"FilterExpression": "ok"}).insights == group.insights


def test_an_update_with_another_member_is_rejected() -> None:
    """UpdateGroup has two updatable members."""
    with pytest.raises(ModelError, match=r"^Tags"):
        Group.from_api(SHAPE).updated({"Tags": []})


def test_the_default_group_updates_only_its_insights() -> None:
    """The update never contains an expression."""
    default = Group(group_name="Default", filter_expression="")
    assert default.to_update() == {
        "GroupName": "Default",
        "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False},
    }


def test_differences_name_the_api_s_fields() -> None:
    """A difference has the desired value first; a field that one side lacks differs."""
    assert Group.from_api({"GroupName": "x-ray-backend"}).differences(Group.from_api(SHAPE)) == (
        Difference(
            "InsightsConfiguration",
            {"InsightsEnabled": False, "NotificationsEnabled": False},
            {"InsightsEnabled": True, "NotificationsEnabled": False},
        ),
        Difference("FilterExpression", None, SHAPE["FilterExpression"]),
    )
