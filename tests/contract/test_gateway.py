"""The contract of every gateway: the in-memory one and boto3 with xray-local pass the same tests."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fakes import InMemoryGateway
from xray_model import Group, InsightsConfiguration, SamplingRule, default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Statistics, Value
from xray_operator.reasons import Reason

pytestmark = pytest.mark.contract

RULE = SamplingRule(
    rule_name="backend",
    priority=100,
    fixed_rate=0.5,
    reservoir_size=2,
    service_name="backend-flask",
    url_path="/api/*",
    attributes={"tier": "gold"},
)
GROUP = Group(
    group_name="failing",
    filter_expression='service("backend-flask") {fault}',
    insights=InsightsConfiguration(insights_enabled=True),
)
OWNED = {OWNER_TAG: "local/default/backend"}


def find(gateway: Gateway, name: str) -> AwsObject | None:
    """Return the rule or group of a name."""
    return next((found for found in [*gateway.rules(), *gateway.groups()] if found.name == name), None)


def test_defaults_exist_from_the_start(gateway: Gateway) -> None:
    """Every region has one rule and one group."""
    assert [found.value for found in gateway.rules()] == [default_rule()]
    assert [found.value for found in gateway.groups()] == [Group(group_name="Default")]


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_created_object_is_read_back_with_its_tags(gateway: Gateway, value: Value) -> None:
    """The value is the same, and the ARN is the returned one."""
    arn = gateway.create(value, OWNED)
    name = value.rule_name if isinstance(value, SamplingRule) else value.group_name
    found = find(gateway, name)
    assert found == AwsObject(value, arn)
    assert dict(gateway.tags(arn)) == OWNED


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_name_is_unique(gateway: Gateway, value: Value) -> None:
    """The second create raises ALREADY_EXISTS and changes nothing."""
    gateway.create(value, {})
    with pytest.raises(GatewayError) as raised:
        gateway.create(value, {})
    assert raised.value.reason is Reason.ALREADY_EXISTS


@pytest.mark.parametrize(
    "changed",
    [
        replace(RULE, fixed_rate=1.0, attributes={}, host="example.com"),
        replace(GROUP, filter_expression="fault", insights=InsightsConfiguration()),
    ],
    ids=["rule", "group"],
)
def test_update_is_read_back(gateway: Gateway, changed: Value) -> None:
    """Every updatable field, also a removed one."""
    gateway.create(RULE if isinstance(changed, SamplingRule) else GROUP, {})
    gateway.update(changed)
    name = changed.rule_name if isinstance(changed, SamplingRule) else changed.group_name
    found = find(gateway, name)
    assert found is not None
    assert found.value == changed


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_missing_object_is_not_found(gateway: Gateway, value: Value) -> None:
    """Update and delete have the same reason."""
    with pytest.raises(GatewayError) as updating:
        gateway.update(value)
    arn = gateway.create(value, {})
    found = find(gateway, "backend" if value is RULE else "failing")
    assert found is not None
    gateway.delete(found.kind, arn)
    with pytest.raises(GatewayError) as deleting:
        gateway.delete(found.kind, arn)
    assert (updating.value.reason, deleting.value.reason) == (Reason.NOT_FOUND, Reason.NOT_FOUND)
    assert find(gateway, found.name) is None


def test_default_rule_accepts_its_two_fields(gateway: Gateway) -> None:
    """The update has no other field, so AWS accepts it."""
    changed = replace(default_rule(), fixed_rate=0.2, reservoir_size=5)
    gateway.update(changed)
    assert [found.value for found in gateway.rules()] == [changed]


def test_default_group_accepts_insights(gateway: Gateway) -> None:
    """The update has no expression, so AWS accepts it; the previous value can be restored."""
    changed = Group(group_name="Default", insights=InsightsConfiguration(insights_enabled=True))
    for value in (changed, Group(group_name="Default")):
        gateway.update(value)
        assert [found.value for found in gateway.groups()] == [value]


def test_default_rule_cannot_be_deleted(gateway: Gateway) -> None:
    """AWS calls the request invalid."""
    with pytest.raises(GatewayError) as raised:
        gateway.delete("rule", gateway.rules()[0].arn)
    assert raised.value.reason is Reason.INVALID


def test_quota_of_rules_is_25(gateway: Gateway) -> None:
    """The 26th raises LIMIT_EXCEEDED; Default does not count."""
    for number in range(25):
        gateway.create(replace(RULE, rule_name=f"rule-{number}"), {})
    with pytest.raises(GatewayError) as raised:
        gateway.create(RULE, {})
    assert raised.value.reason is Reason.LIMIT_EXCEEDED


def test_quota_of_groups_is_25(gateway: Gateway) -> None:
    """The 26th raises LIMIT_EXCEEDED; Default does not count."""
    for number in range(25):
        gateway.create(replace(GROUP, group_name=f"group-{number}"), {})
    with pytest.raises(GatewayError) as raised:
        gateway.create(GROUP, {})
    assert raised.value.reason is Reason.LIMIT_EXCEEDED


def test_tags_are_added_to_existing_ones(gateway: Gateway) -> None:
    """An existing key gets the new value."""
    arn = gateway.create(RULE, {"team": "a"})
    gateway.tag(arn, OWNED)
    gateway.tag(arn, {"team": "b"})
    assert dict(gateway.tags(arn)) == {"team": "b", **OWNED}


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_tags_are_removed_and_others_stay(gateway: Gateway, value: Value) -> None:
    """A missing key is ignored; the object is unchanged."""
    arn = gateway.create(value, {"team": "a", **OWNED})
    gateway.untag(arn, (OWNER_TAG, DELETION_TAG))
    assert dict(gateway.tags(arn)) == {"team": "a"}
    gateway.untag(arn, (OWNER_TAG,))
    assert dict(gateway.tags(arn)) == {"team": "a"}
    assert find(gateway, "backend" if value is RULE else "failing") == AwsObject(value, arn)


@pytest.mark.parametrize(
    "call",
    [
        lambda gateway, arn: gateway.tags(arn),
        lambda gateway, arn: gateway.tag(arn, OWNED),
        lambda gateway, arn: gateway.untag(arn, (OWNER_TAG,)),
    ],
    ids=["tags", "tag", "untag"],
)
def test_tags_of_a_deleted_object_are_not_found(gateway: Gateway, call: Callable[[Gateway, str], object]) -> None:
    """Reading, adding and removing alike."""
    arn = gateway.create(RULE, OWNED)
    gateway.delete("rule", arn)
    with pytest.raises(GatewayError) as raised:
        call(gateway, arn)
    assert raised.value.reason is Reason.NOT_FOUND


def test_statistics_are_summed_by_rule_and_silent_rules_are_omitted(
    gateway: Gateway, request: pytest.FixtureRequest
) -> None:
    """Two SDKs report one rule, one rule has no requests, and Default has no report."""
    assert dict(gateway.statistics()) == {}
    gateway.create(RULE, {})
    gateway.create(replace(RULE, rule_name="silent"), {})
    if isinstance(gateway, InMemoryGateway):
        gateway.statistics_by_rule["backend"] = Statistics(requests=30, sampled=12, borrowed=3)
    else:
        counts = {"RuleName": "backend", "Timestamp": time.time()}
        documents = [
            {**counts, "ClientID": "a" * 24, "RequestCount": 10, "SampledCount": 5, "BorrowCount": 1},
            {**counts, "ClientID": "b" * 24, "RequestCount": 20, "SampledCount": 7, "BorrowCount": 2},
            {**counts, "ClientID": "a" * 24, "RuleName": "silent", "RequestCount": 0, "SampledCount": 0},
        ]
        request.getfixturevalue("xray_client").get_sampling_targets(SamplingStatisticsDocuments=documents)
    assert dict(gateway.statistics()) == {"backend": Statistics(requests=30, sampled=12, borrowed=3)}
