"""Warnings about valid rules that will not work as expected."""

from dataclasses import replace

from xray_model import SamplingRule, default_rule
from xray_operator.plan.lint import covers, warnings

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1, url_path="/api/*")


def test_good_rules_have_no_warning() -> None:
    """Default is evaluated last and shadows no rule."""
    assert warnings([RULE, default_rule()]) == []


def test_rule_that_the_sdks_ignore_is_reported() -> None:
    """With the reason; it shadows no rule."""
    ignored = replace(RULE, rule_name="arn", priority=1, resource_arn="arn:x")
    assert warnings([RULE, ignored]) == ["rule 'arn' is ignored by the SDKs: ResourceARN is 'arn:x', not '*'"]


def test_rule_behind_a_broader_one_never_applies() -> None:
    """The warning names the broader rule."""
    narrow = replace(RULE, rule_name="narrow", priority=200, url_path="/api/home")
    assert warnings([narrow, RULE]) == [
        "rule 'narrow' never applies: 'backend' is evaluated first and matches the same requests"
    ]


def test_equal_priorities_are_reported() -> None:
    """For both rules: their names decide."""
    twin = replace(RULE, rule_name="twin", url_path="/other")
    assert warnings([twin, RULE]) == [
        "rule 'backend' has the same priority 100 as 'twin'; their names decide the order",
        "rule 'twin' has the same priority 100 as 'backend'; their names decide the order",
    ]


def test_pattern_is_covered_only_if_that_is_certain() -> None:
    """By a star, by itself, or if it is plain text that matches."""
    assert covers(replace(RULE, url_path="*"), RULE)
    assert covers(RULE, replace(RULE, url_path="/API/*"))
    assert covers(RULE, replace(RULE, url_path="/api/x"))
    assert not covers(RULE, replace(RULE, url_path="/api/?"))
    assert not covers(RULE, replace(RULE, url_path="/other"))
