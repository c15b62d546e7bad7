"""What every gateway promises: the in-memory one and boto3 against xray-local pass the same tests."""

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


def held(gateway: Gateway, name: str) -> AwsObject | None:
    """Find a rule or group by its name."""
    return next((item for item in [*gateway.rules(), *gateway.groups()] if item.name == name), None)


def test_the_defaults_are_there_from_the_start(gateway: Gateway) -> None:
    """Every region has one rule and one group."""
    assert [item.value for item in gateway.rules()] == [default_rule()]
    assert [item.value for item in gateway.groups()] == [Group(group_name="Default")]


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_what_is_created_is_read_back_with_its_tags(gateway: Gateway, value: Value) -> None:
    """With the same value and the same ARN."""
    arn = gateway.create(value, OWNED)
    name = value.rule_name if isinstance(value, SamplingRule) else value.group_name
    found = held(gateway, name)
    assert found == AwsObject(value, arn)
    assert dict(gateway.tags(arn)) == OWNED


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_a_name_is_given_once(gateway: Gateway, value: Value) -> None:
    """The second create says ALREADY_EXISTS and changes nothing."""
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
def test_an_update_is_read_back(gateway: Gateway, changed: Value) -> None:
    """Every updatable field arrives, clearing ones too."""
    gateway.create(RULE if isinstance(changed, SamplingRule) else GROUP, {})
    gateway.update(changed)
    name = changed.rule_name if isinstance(changed, SamplingRule) else changed.group_name
    found = held(gateway, name)
    assert found is not None
    assert found.value == changed


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_what_is_not_there_is_not_found(gateway: Gateway, value: Value) -> None:
    """Update and delete say so by the same reason."""
    with pytest.raises(GatewayError) as updating:
        gateway.update(value)
    arn = gateway.create(value, {})
    kind = held(gateway, "backend" if value is RULE else "failing")
    assert kind is not None
    gateway.delete(kind.kind, arn)
    with pytest.raises(GatewayError) as deleting:
        gateway.delete(kind.kind, arn)
    assert (updating.value.reason, deleting.value.reason) == (Reason.NOT_FOUND, Reason.NOT_FOUND)
    assert held(gateway, kind.name) is None


def test_the_default_rule_takes_its_two_fields(gateway: Gateway) -> None:
    """The update sends no other, so AWS takes it."""
    changed = replace(default_rule(), fixed_rate=0.2, reservoir_size=5)
    gateway.update(changed)
    assert [item.value for item in gateway.rules()] == [changed]


def test_the_default_rule_stays(gateway: Gateway) -> None:
    """It cannot be deleted."""
    with pytest.raises(GatewayError) as raised:
        gateway.delete("rule", gateway.rules()[0].arn)
    assert raised.value.reason is Reason.INVALID


def test_twenty_five_rules_are_the_most(gateway: Gateway) -> None:
    """The 26th says LIMIT_EXCEEDED; Default does not count."""
    for number in range(25):
        gateway.create(replace(RULE, rule_name=f"rule-{number}"), {})
    with pytest.raises(GatewayError) as raised:
        gateway.create(RULE, {})
    assert raised.value.reason is Reason.LIMIT_EXCEEDED


def test_twenty_five_groups_are_the_most(gateway: Gateway) -> None:
    """The same for groups."""
    for number in range(25):
        gateway.create(replace(GROUP, group_name=f"group-{number}"), {})
    with pytest.raises(GatewayError) as raised:
        gateway.create(GROUP, {})
    assert raised.value.reason is Reason.LIMIT_EXCEEDED


def test_tags_are_added_to_those_that_are_there(gateway: Gateway) -> None:
    """A key that is there gets the new value."""
    arn = gateway.create(RULE, {"team": "a"})
    gateway.tag(arn, OWNED)
    gateway.tag(arn, {"team": "b"})
    assert dict(gateway.tags(arn)) == {"team": "b", **OWNED}


@pytest.mark.parametrize("value", [RULE, GROUP], ids=["rule", "group"])
def test_tags_are_taken_off_and_others_stay(gateway: Gateway, value: Value) -> None:
    """A key that is not there is passed over; the object stays as it is."""
    arn = gateway.create(value, {"team": "a", **OWNED})
    gateway.untag(arn, (OWNER_TAG, DELETION_TAG))
    assert dict(gateway.tags(arn)) == {"team": "a"}
    gateway.untag(arn, (OWNER_TAG,))
    assert dict(gateway.tags(arn)) == {"team": "a"}
    assert held(gateway, "backend" if value is RULE else "failing") == AwsObject(value, arn)


@pytest.mark.parametrize(
    "call",
    [
        lambda gateway, arn: gateway.tags(arn),
        lambda gateway, arn: gateway.tag(arn, OWNED),
        lambda gateway, arn: gateway.untag(arn, (OWNER_TAG,)),
    ],
    ids=["tags", "tag", "untag"],
)
def test_tags_of_what_is_gone_are_not_found(gateway: Gateway, call: Callable[[Gateway, str], object]) -> None:
    """Reading, adding and taking off alike."""
    arn = gateway.create(RULE, OWNED)
    gateway.delete("rule", arn)
    with pytest.raises(GatewayError) as raised:
        call(gateway, arn)
    assert raised.value.reason is Reason.NOT_FOUND


def test_statistics_are_summed_by_rule_and_silent_rules_are_left_out(
    gateway: Gateway, request: pytest.FixtureRequest
) -> None:
    """Two SDKs report counts for one rule, one of them 0, and none for Default."""
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
