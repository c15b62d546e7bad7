from typing import Any

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.api.operations import (
    create_group,
    delete_group,
    get_group,
    get_groups,
    get_insight_summaries,
    get_trace_summaries,
    update_group,
)
from xray_local.errors import ApiError
from xray_local.state.region import Region

ARN = "arn:aws:xray:us-east-1:000000000000:group/"
OFF = {"InsightsEnabled": False, "NotificationsEnabled": False}
CALLS = {"create": create_group, "get": get_group, "update": update_group, "delete": delete_group}


def names(region: Region) -> list[str]:
    return [group["GroupName"] for group in get_groups(region, {})["Groups"]]


def refusal(region: Region, operation: str, **request: object) -> str:
    with pytest.raises(ApiError) as caught:
        CALLS[operation](region, request)
    assert (caught.value.code, caught.value.status) == ("InvalidRequestException", 400)
    return caught.value.message


def test_a_new_group_is_found_by_name_and_by_arn(region: Region) -> None:
    """The ARN ends in a random part, as in AWS."""
    group = create_group(region, {"GroupName": "slow", "FilterExpression": "duration > 1"})["Group"]
    shape = {"GroupName": "slow", "FilterExpression": "duration > 1", "InsightsConfiguration": OFF}
    assert group == shape | {"GroupARN": group["GroupARN"]}
    prefix, _, suffix = group["GroupARN"].rpartition("/")
    assert (prefix, len(suffix)) == (f"{ARN}slow", 26)
    assert get_group(region, {"GroupName": "slow"})["Group"] == group
    assert get_group(region, {"GroupARN": group["GroupARN"]})["Group"] == group


def test_a_group_created_again_has_another_arn(region: Region) -> None:
    """The ARN of the deleted group does not name the new one."""
    arn = create_group(region, {"GroupName": "slow"})["Group"]["GroupARN"]
    delete_group(region, {"GroupARN": arn})
    create_group(region, {"GroupName": "slow"})
    assert refusal(region, "get", GroupARN=arn) == "Group not found"


def test_groups_are_listed_by_name_with_the_default_one(region: Region) -> None:
    """The Default group always exists."""
    for name in ("b", "a"):
        create_group(region, {"GroupName": name})
    assert names(region) == ["Default", "a", "b"]


@pytest.mark.parametrize("name", ["slow", "Default"])
def test_a_name_is_unique(region: Region, name: str) -> None:
    """With AWS's message."""
    create_group(region, {"GroupName": "slow"})
    assert refusal(region, "create", GroupName=name) == f"Group {name} already exists"


def test_the_26th_group_exceeds_the_quota(region: Region) -> None:
    """25 besides Default, also after Default was changed."""
    update_group(region, {"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": True}})
    for number in range(25):
        create_group(region, {"GroupName": f"group-{number}"})
    assert refusal(region, "create", GroupName="one-more") == "Group limit exceeded: expected at most 25"
    delete_group(region, {"GroupName": "group-3"})
    create_group(region, {"GroupName": "one-more"})


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"GroupName": "none"}, "Group not found"),
        ({"GroupARN": f"{ARN}slow/ABC"}, "Group not found"),
        ({"GroupARN": "slow"}, "Group not found"),
        ({}, "Expected either GroupName or GroupARN, and not both"),
        ({"GroupName": "slow", "GroupARN": f"{ARN}slow/ABC"}, "Expected either GroupName or GroupARN, and not both"),
    ],
)
def test_a_group_is_named_by_name_or_arn_and_must_exist(
    region: Region, operation: str, key: dict[str, str], message: str
) -> None:
    """The messages are AWS's, since clients compare them."""
    create_group(region, {"GroupName": "slow"})
    assert refusal(region, operation, **key) == message


def test_an_update_changes_only_what_it_names(region: Region) -> None:
    """The expression or the insights."""
    create_group(region, {"GroupName": "slow", "FilterExpression": "fault"})
    update_group(region, {"GroupName": "slow", "InsightsConfiguration": {"InsightsEnabled": True}})
    group = update_group(region, {"GroupName": "slow", "FilterExpression": "error"})["Group"]
    assert group["FilterExpression"] == "error"
    assert group["InsightsConfiguration"] == {"InsightsEnabled": True, "NotificationsEnabled": False}


def test_notifications_need_insights(region: Region) -> None:
    """As in AWS."""
    wish = {"NotificationsEnabled": True}
    message = "InsightsConfiguration.NotificationsEnabled: True: expected InsightsEnabled to be true as well"
    assert refusal(region, "create", GroupName="slow", InsightsConfiguration=wish) == message


@pytest.mark.parametrize("operation", ["create", "update"])
def test_an_expression_that_does_not_parse_is_refused_with_its_column(region: Region, operation: str) -> None:
    """AWS drops such a group later without a message."""
    create_group(region, {"GroupName": "slow"})
    name = "new" if operation == "create" else "slow"
    message = refusal(region, operation, GroupName=name, FilterExpression="duration >")
    reason = "expected a filter expression (column 11: expected a number after >)"
    assert message == f"FilterExpression: 'duration >': {reason}"


def test_the_default_group_cannot_be_deleted(region: Region) -> None:
    """It can be updated."""
    assert refusal(region, "delete", GroupName="Default") == "Default group cannot be deleted"
    update_group(region, {"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": True}})
    assert get_groups(region, {})["Groups"][0]["InsightsConfiguration"]["InsightsEnabled"] is True


def test_a_trace_is_in_the_groups_whose_expression_matches(region: Region) -> None:
    """group.name and group.arn in a filter test for that."""
    region.put([document(1, fault=True), document(2)])
    arn = create_group(region, {"GroupName": "broken", "FilterExpression": "fault"})["Group"]["GroupARN"]
    for text in ('group.name = "broken"', f'group.arn = "{arn}"'):
        request = {"StartTime": NOW, "EndTime": NOW, "FilterExpression": text}
        [summary] = get_trace_summaries(region, request)["TraceSummaries"]
        assert summary["HasFault"] is True


def test_a_group_has_no_insights(region: Region) -> None:
    """Also one that has them enabled: AWS's model is not here."""
    create_group(region, {"GroupName": "one", "InsightsConfiguration": {"InsightsEnabled": True}})
    times = {"StartTime": NOW - 3600, "EndTime": NOW}
    assert get_insight_summaries(region, {"GroupName": "one", **times}) == {"InsightSummaries": []}
    assert get_insight_summaries(region, {"GroupName": "Default", **times}) == {"InsightSummaries": []}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"GroupName": "none", "StartTime": 1, "EndTime": 2}, "Group not found"),
        ({"StartTime": 1, "EndTime": 2}, "Expected either GroupName or GroupARN, and not both"),
        ({"GroupName": "Default", "StartTime": 2, "EndTime": 1}, "StartTime is after EndTime"),
    ],
)
def test_insights_are_those_of_a_group_in_a_range(region: Region, request_: dict[str, Any], message: str) -> None:
    """Otherwise the request is refused."""
    with pytest.raises(ApiError) as caught:
        get_insight_summaries(region, request_)
    assert caught.value.message == message
