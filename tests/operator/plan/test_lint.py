"""Warnings about rules that are legal and yet surprise."""

from dataclasses import replace

from xray_model import SamplingRule, default_rule
from xray_operator.plan.lint import covers, warnings

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1, url_path="/api/*")


def test_good_rules_have_no_warning() -> None:
    """Default comes last and is no shadow."""
    assert warnings([RULE, default_rule()]) == []


def test_a_rule_that_the_sdks_drop_is_told() -> None:
    """With the reason; it shadows nobody."""
    ignored = replace(RULE, rule_name="arn", priority=1, resource_arn="arn:x")
    assert warnings([RULE, ignored]) == ["rule 'arn' is ignored by the SDKs: ResourceARN is 'arn:x', not '*'"]


def test_a_rule_behind_a_broader_one_never_wins() -> None:
    """The broader one is named."""
    narrow = replace(RULE, rule_name="narrow", priority=200, url_path="/api/home")
    assert warnings([narrow, RULE]) == [
        "rule 'narrow' never applies: 'backend' is evaluated first and matches the same requests"
    ]


def test_equal_priorities_are_told() -> None:
    """Of both rules: the names decide."""
    twin = replace(RULE, rule_name="twin", url_path="/other")
    assert warnings([twin, RULE]) == [
        "rule 'backend' has the same priority 100 as 'twin'; their names decide the order",
        "rule 'twin' has the same priority 100 as 'backend'; their names decide the order",
    ]


def test_a_pattern_is_covered_only_when_that_is_sure() -> None:
    """By a star, by itself, or when it is plain text that matches."""
    assert covers(replace(RULE, url_path="*"), RULE)
    assert covers(RULE, replace(RULE, url_path="/API/*"))
    assert covers(RULE, replace(RULE, url_path="/api/x"))
    assert not covers(RULE, replace(RULE, url_path="/api/?"))
    assert not covers(RULE, replace(RULE, url_path="/other"))
