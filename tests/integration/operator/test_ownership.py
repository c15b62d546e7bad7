"""Whose an object in AWS is: adoption, other owners, two resources for one name, and how it is let go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.operator.bench import Bench, group, rule
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.objects import OWNER_TAG

pytestmark = pytest.mark.process
BEFORE = SamplingRule(rule_name="checkout", priority=7, fixed_rate=0.9, reservoir_size=3, service_name="shop")
THEIRS = {OWNER_TAG: "prod/shop/checkout", "team": "shop"}


def soon() -> str:
    """Give a time two or three seconds ahead."""
    return f"{datetime.now(UTC) + timedelta(seconds=3):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("policy", "tags", "told"),
    [
        ("Never", {}, "False NotOwned"),
        ("Never", THEIRS, "False ForeignOwner"),
        ("IfUnowned", THEIRS, "False ForeignOwner"),
    ],
)
def test_what_is_not_ours_is_not_touched(bench: Bench, policy: str, tags: dict[str, str], told: str) -> None:
    """Neither while the resource is there, nor when it goes."""
    bench.aws.create(BEFORE, tags)
    record = bench.aws.record(("rule", "checkout"))
    bench.apply(rule(adoptionPolicy=policy))
    bench.synced("xsr/checkout", told)
    assert bench.condition("xsr/checkout", "Ready").startswith("False")
    bench.delete("xsr/checkout")
    assert (bench.aws.record(("rule", "checkout")), bench.tags("checkout")) == (record, tags)


@pytest.mark.parametrize(("policy", "tags"), [("IfUnowned", {"team": "shop"}), ("Force", THEIRS)])
def test_what_may_be_adopted_becomes_ours(bench: Bench, policy: str, tags: dict[str, str]) -> None:
    """The tags of others stay."""
    bench.aws.create(BEFORE, tags)
    bench.apply(rule(adoptionPolicy=policy))
    bench.ready("xsr/checkout")
    found = bench.tags("checkout") or {}
    assert (bench.rate(), found["team"], found[OWNER_TAG]) == (0.1, "shop", f"test/{bench.namespace}/checkout")
    bench.until(lambda: bench.events("xsr/checkout"), ["Adopted", "Updated"])


def test_of_two_resources_for_one_rule_the_first_has_the_say(bench: Bench) -> None:
    """The second touches nothing, and takes its turn when the first is gone."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.apply(rule("second", ruleName="checkout", fixedRate=0.8))
    bench.synced("xsr/second", "False Duplicate")
    assert (bench.rate(), bench.condition("xsr/checkout", "Synced")) == (0.1, "True InSync")
    assert bench.read("xsr/second")["metadata"].get("finalizers") is None
    bench.delete("xsr/checkout")
    bench.ready("xsr/second")
    assert bench.rate() == 0.8


def test_a_deleted_resource_takes_its_object_with_it(bench: Bench) -> None:
    """A rule and a group."""
    bench.apply(rule(), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.delete("xsr/checkout")
    bench.delete("xg/slow")
    assert (bench.in_aws("checkout"), bench.in_aws("slow", "group")) == (None, None)


def test_an_orphan_stays_without_our_tags(bench: Bench) -> None:
    """It is nobody's from then on."""
    bench.apply(rule(deletionPolicy="Orphan"))
    bench.ready("xsr/checkout")
    bench.delete("xsr/checkout")
    assert (bench.rate(), bench.tags("checkout")) == (0.1, {})


def test_a_deletion_waits_until_aws_can_be_asked(bench: Bench) -> None:
    """The reason is told meanwhile, and nothing is lost."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.aws.script([{"operation": "*", "times": 100_000, "status": 403, "code": "AccessDeniedException"}])
    bench.kubectl("delete", "xsr/checkout", "--wait=false")
    bench.until(lambda: _reason(bench.read("xsr/checkout")), "Denied")
    bench.aws.script([])
    bench.until(lambda: bench.kubectl("get", "xsr", "-o", "name"), "")
    assert bench.in_aws("checkout") is None


def _reason(body: dict[str, Any]) -> str:
    return next(str(one["reason"]) for one in body["status"]["conditions"] if one["type"] == "Synced")


def test_a_rule_goes_by_itself_at_its_time(bench: Bench) -> None:
    """The resource stays, says so, and can be deleted at once."""
    bench.apply(rule(expiresAt=soon()))
    bench.ready("xsr/checkout")
    bench.synced("xsr/checkout", "True Expired")
    assert bench.in_aws("checkout") is None
    assert bench.read("xsr/checkout")["metadata"].get("finalizers") is None


def test_what_was_taken_over_returns_to_what_it_was(bench: Bench) -> None:
    """An adopted rule and the Default one."""
    bench.aws.create(BEFORE, {"team": "shop"})
    bench.apply(
        rule(adoptionPolicy="IfUnowned", expiresAt=soon()),
        rule("debug", ruleName="Default", priority=None, fixedRate=1.0, expiresAt=soon()),
    )
    bench.synced("xsr/debug", "True Expired")
    bench.synced("xsr/checkout", "True Expired")
    assert (bench.in_aws("checkout"), bench.tags("checkout")) == (BEFORE, {"team": "shop"})
    assert bench.in_aws("Default") == default_rule()


def test_an_expired_rule_lives_again_with_a_later_time(bench: Bench) -> None:
    """A changed spec is a new beginning."""
    bench.apply(rule(expiresAt="2020-01-01T00:00:00Z"))
    bench.synced("xsr/checkout", "True Expired")
    bench.apply(rule(expiresAt="2099-01-01T00:00:00Z"))
    bench.ready("xsr/checkout")
    assert bench.rate() == 0.1


def test_a_group_of_the_same_name_as_a_rule_is_another_thing(bench: Bench) -> None:
    """Names are by kind."""
    bench.apply(rule("twice"), group("twice"))
    bench.ready("xsr/twice")
    bench.ready("xg/twice")
    assert isinstance(bench.in_aws("twice", "group"), Group)
