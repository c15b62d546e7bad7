"""Observing and applying: what is read, what is written, and the effect of a failed call."""

from dataclasses import replace

from tests.fakes import InMemoryGateway
from xray_model import Group, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG
from xray_operator.manifests.manifest import Manifest
from xray_operator.plan.actions import Adopt, Conflict, Create, Delete, Keep, Update
from xray_operator.plan.apply import Outcome, apply, observe
from xray_operator.reasons import Reason

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
OTHER = replace(RULE, rule_name="other")
OURS = {OWNER_TAG: "local/default/backend"}
GROUP = Group(group_name="failing", filter_expression="fault")


def test_aws_is_read_once_and_tags_only_of_named_objects() -> None:
    """Two lists, and one call for the rule that a manifest names."""
    gateway = InMemoryGateway()
    gateway.create(RULE, {OWNER_TAG: "x"})
    gateway.create(OTHER, {})
    gateway.calls.clear()
    observed = observe(gateway, [Manifest(name="backend", namespace="default", value=RULE)])
    assert gateway.calls == ["rules", "groups", "tags"]
    assert [found.name for found in observed.objects] == ["Default", "backend", "other", "Default"]
    observe(gateway, [], prune=True)
    assert gateway.calls[3:] == ["rules", "groups", "tags", "tags"]


def test_each_action_is_applied_and_reported() -> None:
    """Create, adopt, update, delete; no call for Keep and Conflict."""
    gateway = InMemoryGateway()
    arn = gateway.create(OTHER, {})
    group_arn = gateway.create(GROUP, {})
    gateway.calls.clear()
    changed = replace(OTHER, host="a")
    reported: list[Outcome] = []
    outcomes = apply(
        [
            Create(RULE, OURS),
            Adopt(OTHER, arn, OURS),
            Update(changed, arn, ()),
            Delete(GROUP, group_arn),
            Keep(RULE),
            Conflict(RULE, Reason.NOT_OWNED, "message"),
        ],
        gateway,
        reported.append,
    )
    assert gateway.calls == ["create", "tag", "update", "delete"]
    assert [outcome.done for outcome in outcomes] == [True] * 5 + [False]
    assert reported == outcomes
    assert gateway.tags_by_arn[arn] == OURS


def test_failed_action_does_not_stop_the_others() -> None:
    """The next one is applied."""
    gateway = InMemoryGateway()
    error = GatewayError(Reason.THROTTLED, "slow down")
    gateway.failures["create"] = [error]
    outcomes = apply([Create(RULE, OURS), Create(OTHER, OURS)], gateway, lambda _: None)
    assert [outcome.error for outcome in outcomes] == [error, None]


def test_error_that_affects_all_ends_the_run() -> None:
    """The remaining actions have the same error, without a call."""
    for reason in (Reason.DENIED, Reason.UNREACHABLE):
        gateway = InMemoryGateway()
        error = GatewayError(reason, "no")
        gateway.failures["create"] = [error]
        outcomes = apply([Create(RULE, OURS), Create(OTHER, OURS)], gateway, lambda _: None)
        assert [outcome.error for outcome in outcomes] == [error, error]
        assert gateway.calls == ["create"]


def test_deletion_of_a_missing_object_succeeds() -> None:
    """Other failures are errors."""
    gateway = InMemoryGateway()
    assert apply([Delete(RULE, "arn:nothing")], gateway, lambda _: None)[0].done
    gateway.failures["delete"] = [GatewayError(Reason.THROTTLED, "slow down")]
    assert not apply([Delete(RULE, "arn:nothing")], gateway, lambda _: None)[0].done
