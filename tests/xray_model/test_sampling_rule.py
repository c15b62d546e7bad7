"""Sampling rules: AWS's limits, the API's shapes, updates, and the Default rule."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from xray_model import (
    Difference,
    ModelError,
    SamplingRateBoost,
    SamplingRule,
    default_rule,
    sdk_ignores,
)

SHAPE = {
    "RuleName": "backend",
    "ResourceARN": "*",
    "Priority": 100,
    "FixedRate": 0.5,
    "ReservoirSize": 1,
    "ServiceName": "backend-flask",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "GET",
    "URLPath": "/api/*",
    "Version": 1,
    "Attributes": {"tier": "gold"},
    "SamplingRateBoost": {"MaxRate": 1.0, "CooldownWindowMinutes": 5},
}


def test_the_api_s_shape_survives_a_round_trip() -> None:
    """Every member except AWS's ARN comes back unchanged."""
    assert SamplingRule.from_api(SHAPE | {"RuleARN": "arn:aws:xray:x"}).to_api() == SHAPE


def test_omitted_members_match_everything() -> None:
    """The four required members are enough."""
    rule = SamplingRule.from_api({"RuleName": "r", "Priority": 1, "FixedRate": 0, "ReservoirSize": 0})
    assert rule == SamplingRule(rule_name="r", priority=1, fixed_rate=0.0, reservoir_size=0)
    assert (rule.host, rule.version, dict(rule.attributes)) == ("*", 1, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RuleName": ""}, "RuleName: '': expected a string of 1 to 32 characters"),
        ({"RuleName": 7}, "RuleName: 7: expected a string of 1 to 32 characters"),
        ({"Priority": 0}, "Priority: 0: expected a whole number from 1 to 9999"),
        ({"Priority": 10000}, "Priority: 10000: expected a whole number from 1 to 9999"),
        ({"Priority": True}, "Priority: True: expected a whole number from 1 to 9999"),
        ({"Priority": 1.5}, "Priority: 1.5: expected a whole number from 1 to 9999"),
        ({"FixedRate": 2.0}, "FixedRate: 2.0: expected a number from 0 to 1"),
        ({"FixedRate": float("nan")}, "FixedRate: nan: expected a number from 0 to 1"),
        ({"FixedRate": "1"}, "FixedRate: '1': expected a number from 0 to 1"),
        ({"ReservoirSize": -1}, "ReservoirSize: -1: expected a whole number of at least 0"),
        ({"HTTPMethod": "x" * 11}, "HTTPMethod: 'xxxxxxxxxxx': expected a string of at most 10 characters"),
        ({"Host": None, "ServiceName": 5}, "ServiceName: 5: expected a string of at most 64 characters"),
        ({"Version": 0}, "Version: 0: expected a whole number of at least 1"),
        ({"Attributes": {"k": ""}}, "Attributes['k']: '': expected a string of 1 to 32 characters"),
        ({"Attributes": {"": "v"}}, "Attributes key: '': expected a string of 1 to 32 characters"),
        ({"Attributes": ["k"]}, "Attributes: ['k']: expected an object"),
        ({"Colour": "red"}, "Colour: 'red': expected one of RuleName, ResourceARN, Priority"),
        ({"SamplingRateBoost": {"MaxRate": 1}}, "SamplingRateBoost: {'MaxRate': 1}: expected MaxRate and Cooldown"),
        ({"SamplingRateBoost": {"MaxRate": 2, "CooldownWindowMinutes": 1}}, "SamplingRateBoost.MaxRate: 2: expected"),
        (
            {"SamplingRateBoost": {"MaxRate": 1, "CooldownWindowMinutes": 1, "x": 1}},
            "SamplingRateBoost.x: 1: expected one of MaxRate, CooldownWindowMinutes",
        ),
    ],
)
def test_an_invalid_member_is_named_with_its_value_and_the_expected_one(
    change: Mapping[str, Any], message: str
) -> None:
    """The message has the field, the value, and what was expected."""
    with pytest.raises(ModelError) as raised:
        SamplingRule.from_api(SHAPE | dict(change))
    assert str(raised.value).startswith(message)


def test_a_rule_has_at_most_five_attributes() -> None:
    """A sixth attribute is rejected."""
    with pytest.raises(ModelError, match="expected at most 5 pairs"):
        SamplingRule.from_api(SHAPE | {"Attributes": {str(number): "x" for number in range(6)}})


def test_a_missing_required_member_is_named() -> None:
    """None means missing."""
    with pytest.raises(ModelError, match="Priority: None: expected a value"):
        SamplingRule.from_api({"RuleName": "r", "Priority": None, "FixedRate": 1, "ReservoirSize": 1})


def test_a_rule_cannot_be_changed_in_place() -> None:
    """Neither a field nor an attribute can be set."""
    rule = SamplingRule.from_api(SHAPE)
    with pytest.raises(FrozenInstanceError):
        rule.priority = 5  # type: ignore[misc]  # the assignment must fail
    with pytest.raises(TypeError):
        rule.attributes["tier"] = "tin"  # type: ignore[index]  # the assignment must fail


def test_an_update_changes_only_the_members_that_it_has() -> None:
    """Omitted members stay, and the rule's name only selects the rule."""
    rule = SamplingRule.from_api(SHAPE)
    changed = rule.updated({"RuleName": "backend", "FixedRate": 1, "Attributes": {}, "Host": None})
    assert changed.differences(rule) == (
        Difference("FixedRate", 1.0, 0.5),
        Difference("Attributes", {}, {"tier": "gold"}),
    )


def test_an_update_of_the_version_is_rejected() -> None:
    """SamplingRuleUpdate has no Version."""
    with pytest.raises(ModelError, match=r"^Version: 2: expected one of ResourceARN, Priority"):
        SamplingRule.from_api(SHAPE).updated({"Version": 2})


def test_the_update_shape_has_every_updatable_member() -> None:
    """The update has all members but the version; the name selects the rule."""
    assert SamplingRule.from_api(SHAPE).to_update() == {key: value for key, value in SHAPE.items() if key != "Version"}


def test_the_default_rule_accepts_two_members_only() -> None:
    """AWS rejects an update with any other member, even if unchanged."""
    rule = default_rule()
    assert rule.updated({"FixedRate": 0.1, "ReservoirSize": 3}).to_update() == {
        "RuleName": "Default",
        "FixedRate": 0.1,
        "ReservoirSize": 3,
    }
    with pytest.raises(ModelError, match="Invalid update request for default sampling rule"):
        rule.updated({"Priority": 10000})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Priority": 1}, "Priority: 1: expected 10000 for the Default rule"),
        ({"Host": "a"}, "Host: 'a': expected '*' for the Default rule"),
        ({"Attributes": {"a": "b"}}, "Attributes: {'a': 'b'}: expected none for the Default rule"),
    ],
)
def test_a_rule_named_default_must_be_the_default_rule(change: Mapping[str, Any], message: str) -> None:
    """The Default rule's priority and wildcards are fixed."""
    with pytest.raises(ModelError) as raised:
        SamplingRule.from_api(default_rule().to_api() | dict(change))
    assert str(raised.value) == message


def test_the_sdks_ignore_a_rule_for_four_reasons() -> None:
    """Every reason is listed; the Default rule has none."""
    ignored = SamplingRule.from_api(SHAPE | {"Version": 2, "ResourceARN": "arn:x", "ServiceType": ""})
    assert sdk_ignores(ignored) == (
        "Version is 2, not 1",
        "ResourceARN is 'arn:x', not '*'",
        "ServiceType is empty",
        "it has Attributes",
    )
    assert sdk_ignores(default_rule()) == ()


def test_a_difference_reads_from_actual_to_desired() -> None:
    """The arrow points to the desired value."""
    assert str(Difference("FixedRate", 1.0, 0.5)) == "FixedRate: 0.5 -> 1.0"


def test_a_rule_validates_its_boost() -> None:
    """A cooldown is a whole number of minutes."""
    with pytest.raises(ModelError, match="CooldownWindowMinutes: -1: expected a whole number of at least 0"):
        replace(default_rule(), sampling_rate_boost=SamplingRateBoost(max_rate=0.5, cooldown_window_minutes=-1))


def test_equal_rules_are_equal_in_a_set() -> None:
    """A rule is hashable, with or without attributes."""
    assert len({SamplingRule.from_api(SHAPE), SamplingRule.from_api(SHAPE), default_rule()}) == 2
