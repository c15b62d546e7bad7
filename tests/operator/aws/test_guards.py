"""The checks before calls to AWS."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes import InMemoryGateway
from xray_model import Group
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.guards import AccountCheck, GuardedGateway, Terms
from xray_operator.aws.objects import Value
from xray_operator.aws.reader import AwsReader
from xray_operator.aws.state import AwsState
from xray_operator.reasons import Reason

GROUP = Group(group_name="slow", filter_expression="fault")


def test_only_the_leader_writes_and_all_read() -> None:
    """Every kind of write is refused before it reaches AWS."""
    aws = InMemoryGateway()
    leading = True
    gateway = Terms(aws, lambda: leading).begin()
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


def test_an_earlier_term_writes_no_more() -> None:
    """Though this process leads again: a write under way then is still counted, and is the last."""
    latest: list[GuardedGateway] = []

    class Aws(InMemoryGateway):
        def create(self, value: Value, tags: Mapping[str, str]) -> str:
            """Let another term begin during the write."""
            latest.append(terms.begin())
            assert terms.is_writing
            return super().create(value, tags)

    terms = Terms(Aws(), lambda: True)
    earlier = terms.begin()
    arn = earlier.create(GROUP, {})
    assert not terms.is_writing
    with pytest.raises(GatewayError, match="no longer leads"):
        earlier.delete("group", arn)
    latest[0].delete("group", arn)


def test_a_write_under_way_is_counted_before_it_is_checked() -> None:
    """Whoever sees none after the check has begun to fail can be sure that none follows."""
    counts: list[int] = []
    gateway = GuardedGateway(InMemoryGateway(), before_write=lambda: counts.append(gateway.writing))
    gateway.create(GROUP, {})
    assert (counts, gateway.writing) == ([1], 0)


async def test_nothing_is_done_in_another_account() -> None:
    """The state cannot be read, so that no pass writes; the account is read and reported once."""
    aws, reported = InMemoryGateway(), list[str]()
    gateway = GuardedGateway(aws, before_read=AccountCheck(aws, "444455556666", reported.append, asks=True))
    with ThreadPoolExecutor(1) as pool:
        state = AwsState(AwsReader(gateway, pool), interval=1, clock=lambda: 0.0)
        await state.refresh()
    assert state.error is not None
    assert state.error.reason is Reason.WRONG_ACCOUNT
    assert state.error.message == "the credentials are of account 111122223333: expected 444455556666 (--account)"
    with pytest.raises(GatewayError, match="expected 444455556666"):
        gateway.groups()
    assert (aws.calls, reported) == (["account"], ["111122223333"])


def test_account_that_cannot_be_verified_is_read_again() -> None:
    """STS may answer later."""
    aws, reported = InMemoryGateway(), list[str]()
    aws.failures["account"] = [GatewayError(Reason.UNREACHABLE, "cannot reach STS")]
    check = AccountCheck(aws, "111122223333", reported.append, asks=False)
    with pytest.raises(GatewayError, match="cannot reach STS"):
        check()
    check()
    check()
    assert (aws.calls, reported) == (["account", "account"], ["111122223333"])
