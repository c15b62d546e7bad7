from typing import Any

import pytest

from tests.xray_local.samples import CLIENT, NOW, Clock, rule, statistics
from xray_local.api.operations import (
    create_sampling_rule,
    delete_sampling_rule,
    get_sampling_rules,
    get_sampling_targets,
    update_sampling_rule,
)
from xray_local.errors import ApiError
from xray_local.state.region import Region

ARN = "arn:aws:xray:us-east-1:000000000000:sampling-rule/"


def create(region: Region, name: str = "rule", **more: object) -> dict[str, object]:
    created: dict[str, object] = create_sampling_rule(region, {"SamplingRule": rule(name, **more)})
    return created


def names(region: Region) -> list[str]:
    return [record["SamplingRule"]["RuleName"] for record in get_sampling_rules(region, {})["SamplingRuleRecords"]]


def refusal(region: Region, operation: str, request: dict[str, Any]) -> tuple[str, str]:
    call = {"create": create_sampling_rule, "update": update_sampling_rule, "delete": delete_sampling_rule}[operation]
    with pytest.raises(ApiError) as caught:
        call(region, request)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


def last_modification(region: Region) -> float:
    documents = {"SamplingStatisticsDocuments": [statistics("Default")]}
    return float(get_sampling_targets(region, documents)["LastRuleModification"])


def test_a_new_rule_is_returned_and_listed(region: Region) -> None:
    """With its ARN and both times."""
    shape = rule(Attributes={"key": "value"})
    record = create_sampling_rule(region, {"SamplingRule": shape})["SamplingRuleRecord"]
    assert record == {"SamplingRule": shape | {"RuleARN": f"{ARN}rule"}, "CreatedAt": NOW, "ModifiedAt": NOW}
    assert get_sampling_rules(region, {})["SamplingRuleRecords"][0] == record


def test_the_default_rule_always_exists(region: Region) -> None:
    """Priority 10000, 5 %, one request per second, created at epoch 0."""
    [record] = get_sampling_rules(region, {})["SamplingRuleRecords"]
    default = rule("Default", Priority=10_000, FixedRate=0.05, ReservoirSize=1, RuleARN=f"{ARN}Default", Attributes={})
    assert record == {"SamplingRule": default, "CreatedAt": 0.0, "ModifiedAt": 0.0}


def test_rules_are_listed_by_priority_then_name(region: Region) -> None:
    """That is the order of evaluation; Default is last."""
    for name, priority in (("b", 5), ("c", 1), ("a", 5)):
        create(region, name, Priority=priority)
    assert names(region) == ["c", "a", "b", "Default"]


@pytest.mark.parametrize("name", ["rule", "Default"])
def test_a_name_is_unique(region: Region, name: str) -> None:
    """With AWS's message."""
    create(region)
    taken = refusal(region, "create", {"SamplingRule": rule(name)})
    assert taken == ("InvalidRequestException", "Sampling rule already exists")


def test_the_26th_rule_exceeds_the_quota(region: Region) -> None:
    """25 besides Default; a deleted one does not count."""
    for number in range(25):
        create(region, f"rule-{number}")
    code, message = refusal(region, "create", {"SamplingRule": rule("one-more")})
    assert (code, message) == (
        "RuleLimitExceededException",
        "Sampling rule limit exceeded: expected at most 25",
    )
    delete_sampling_rule(region, {"RuleName": "rule-3"})
    create(region, "one-more")
    assert len(names(region)) == 26


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"FixedRate": 2.0}, "FixedRate: 2.0: expected a number from 0 to 1"),
        ({"RuleName": None}, "RuleName: None: expected a value"),
        ({"Version": 2}, "Version: 2: expected 1"),
        ({"RuleARN": f"{ARN}rule"}, f"RuleARN: '{ARN}rule': expected none for a new sampling rule"),
    ],
)
def test_a_rule_that_is_out_of_bounds_is_refused(region: Region, wrong: dict[str, object], message: str) -> None:
    """AWS checks more than botocore does."""
    assert refusal(region, "create", {"SamplingRule": rule() | wrong}) == ("InvalidRequestException", message)
    assert names(region) == ["Default"]


@pytest.mark.parametrize("key", [{"RuleName": "rule"}, {"RuleARN": f"{ARN}rule"}])
def test_an_update_changes_only_what_it_names(region: Region, clock: Clock, key: dict[str, str]) -> None:
    """The rule is named by name or by ARN."""
    create(region)
    clock.now += 60
    record = update_sampling_rule(region, {"SamplingRuleUpdate": {**key, "FixedRate": 0.0}})["SamplingRuleRecord"]
    assert record["SamplingRule"] == rule(FixedRate=0.0, RuleARN=f"{ARN}rule", Attributes={})
    assert (record["CreatedAt"], record["ModifiedAt"]) == (NOW, NOW + 60)


def test_every_write_changes_the_last_modification(region: Region, clock: Clock) -> None:
    """Then the SDKs fetch the rules again."""
    assert last_modification(region) == 0.0
    create(region)
    assert last_modification(region) == NOW
    clock.now += 1
    update_sampling_rule(region, {"SamplingRuleUpdate": {"RuleName": "rule"}})
    assert last_modification(region) == NOW + 1
    clock.now += 1
    delete_sampling_rule(region, {"RuleName": "rule"})
    assert last_modification(region) == NOW + 2


def test_of_the_default_rule_two_fields_can_be_changed(region: Region) -> None:
    """With any other field the update is refused."""
    update_sampling_rule(region, {"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 1.0, "ReservoirSize": 0}})
    [record] = get_sampling_rules(region, {})["SamplingRuleRecords"]
    assert (record["SamplingRule"]["FixedRate"], record["SamplingRule"]["ReservoirSize"]) == (1.0, 0)
    update = {"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 0.1, "Priority": 10_000}}
    assert refusal(region, "update", update) == (
        "InvalidRequestException",
        "Invalid update request for default sampling rule",
    )


def test_a_changed_default_rule_does_not_count(region: Region) -> None:
    """The quota is for custom rules."""
    update_sampling_rule(region, {"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 1.0}})
    for number in range(25):
        create(region, f"rule-{number}")
    assert len(names(region)) == 26


def test_a_deleted_rule_is_returned_and_not_listed(region: Region) -> None:
    """As it was before."""
    created = create(region)
    assert delete_sampling_rule(region, {"RuleARN": f"{ARN}rule"}) == created
    assert names(region) == ["Default"]


@pytest.mark.parametrize("operation", ["update", "delete"])
@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"RuleName": "none"}, "Sampling rule does not exist"),
        ({"RuleARN": f"{ARN}none"}, "Sampling rule does not exist"),
        ({"RuleARN": "arn:aws:xray:eu-west-1:000000000000:sampling-rule/rule"}, "Sampling rule does not exist"),
        ({}, "Expected either RuleName or RuleARN, and not both"),
        ({"RuleName": "rule", "RuleARN": f"{ARN}rule"}, "Expected either RuleName or RuleARN, and not both"),
    ],
)
def test_a_rule_is_named_by_name_or_arn_and_must_exist(
    region: Region, operation: str, key: dict[str, str], message: str
) -> None:
    """The messages are AWS's, since clients compare them."""
    create(region)
    request: dict[str, Any] = {"SamplingRuleUpdate": key} if operation == "update" else dict(key)
    assert refusal(region, operation, request) == ("InvalidRequestException", message)


def test_the_default_rule_cannot_be_deleted(region: Region) -> None:
    """It decides if no other rule matches."""
    message = "Default sampling rule cannot be deleted"
    assert refusal(region, "delete", {"RuleName": "Default"}) == ("InvalidRequestException", message)


def test_a_deleted_rule_forgets_its_clients(region: Region) -> None:
    """The first client of a new rule of that name gets the full reservoir."""
    create(region)
    documents = [statistics("rule", ClientID=CLIENT), statistics("rule", ClientID=CLIENT[::-1])]
    get_sampling_targets(region, {"SamplingStatisticsDocuments": documents})
    delete_sampling_rule(region, {"RuleName": "rule"})
    create(region)
    [target] = get_sampling_targets(region, {"SamplingStatisticsDocuments": documents[:1]})["SamplingTargetDocuments"]
    assert target["ReservoirQuota"] == 10
