"""The checks before calls to AWS."""

import pytest

from tests.fakes import InMemoryGateway
from xray_model import Group
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.guards import GuardedGateway, leader_only

GROUP = Group(group_name="slow", filter_expression="fault")


def test_only_the_leader_writes_and_all_read() -> None:
    """Every kind of write is refused before it reaches AWS."""
    aws = InMemoryGateway()
    leading = True
    gateway = GuardedGateway(aws, before_write=leader_only(lambda: leading))
    arn = gateway.create(GROUP, {"team": "shop"})
    gateway.update(Group(group_name="slow", filter_expression="error"))
    gateway.tag(arn, {"stage": "live"})
    gateway.untag(arn, ["team"])
    leading = False
    for write in (
        lambda: gateway.create(Group(group_name="new", filter_expression="fault"), {}),
        lambda: gateway.update(GROUP),
        lambda: gateway.tag(arn, {}),
        lambda: gateway.untag(arn, ["stage"]),
        lambda: gateway.delete("group", arn),
    ):
        with pytest.raises(GatewayError, match="no longer leads"):
            write()
    [found] = [found for found in gateway.groups() if not found.is_default]
    assert (found.value, gateway.tags(arn)) == (Group(group_name="slow", filter_expression="error"), {"stage": "live"})
    assert [rule.name for rule in gateway.rules()] == ["Default"]
    assert (gateway.statistics(), gateway.writing) == ({}, 0)


def test_a_write_under_way_is_counted_before_it_is_checked() -> None:
    """Whoever sees none after the check has begun to fail can be sure that none follows."""
    counts: list[int] = []
    gateway = GuardedGateway(InMemoryGateway(), before_write=lambda: counts.append(gateway.writing))
    gateway.create(GROUP, {})
    assert (counts, gateway.writing) == ([1], 0)
