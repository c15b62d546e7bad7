"""One pass: new, changed and drifted objects, conflicts, and an AWS that fails or contradicts the cached state."""

from typing import Any

import pytest

from tests.operator.environment import Environment, describe_conditions, managed, not_ready
from tests.operator.in_memory_kubernetes import GROUP, RULE, group, rule
from xray_model import SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Statistics
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.resource import RECONCILE_ANNOTATION, Key
from xray_operator.reasons import Reason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
OTHER = SamplingRule(rule_name="other", priority=200, fixed_rate=0.5, reservoir_size=1)
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://aws: ReadTimeoutError")
DENIED = GatewayError(Reason.DENIED, "AccessDeniedException: not allowed")


@pytest.mark.parametrize("manifest", [rule(), group()], ids=["rule", "group"])
async def test_new_object_is_claimed_then_created_then_reported(manifest: dict[str, Any]) -> None:
    """The finalizer is stored before AWS is written; there are two PATCHes."""
    environment = Environment()
    key = environment.cluster.apply(manifest)
    assert await environment.run_pass(key) is False
    assert environment.log == [*READ, "claim", "create", "status"]
    assert environment.finalizers(key) == ["xray.cruddur.io/finalizer"]
    assert environment.conditions(key) == IN_SYNC
    name, arn = key.name, f"arn:aws:xray:us-east-1:000000000000:{key.kind}/{key.name}"
    assert environment.status(key) | {"conditions": []} == {
        "observedGeneration": 1,
        "name": name,
        "arn": arn,
        "quota": "1/25",
        "conditions": [],
    }
    assert environment.aws.tags_by_arn[arn] == {OWNER_TAG: f"local/default/{name}", DELETION_TAG: "Delete"}


async def test_second_pass_writes_nothing() -> None:
    """Neither from the cached state, nor after a read, nor after a restart."""
    environment = await managed()
    await environment.run_pass()
    assert environment.log == []
    await environment.run_pass(fresh=True)
    assert environment.log == READ
    environment.log.clear()
    again = Environment(after=environment)
    await again.run_pass()
    assert again.log == ["rules", "groups", "statistics", "tags"]


async def test_aws_is_not_written_if_the_claim_fails() -> None:
    """After a conflict, the pass for the newer version claims and creates."""
    environment = Environment()
    key = environment.cluster.apply(rule())
    environment.cluster.failures["claim"] = [KubernetesError(409, "modified")]
    with pytest.raises(KubernetesError, match="modified"):
        await environment.run_pass(key)
    assert environment.writes() == []
    await environment.run_pass(key)
    assert environment.conditions() == IN_SYNC


async def test_changed_spec_is_an_update_and_not_drift() -> None:
    """The tags are read before the write, since they may have changed."""
    environment = await managed()
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7)))
    assert environment.log == ["tags", "update", "status"]
    assert environment.conditions() == IN_SYNC
    assert environment.status()["observedGeneration"] == 2
    assert environment.reporter.drift_seen == {}


async def test_drift_is_reported_before_it_is_repaired() -> None:
    """First the status with the fields, then AWS, then DriftRepaired."""
    environment = await managed()
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(fresh=True)
    assert environment.log == [*READ, "tags", "status", "update", "status"]
    shown, repaired = environment.cluster.statuses[-2:]
    assert describe_conditions(shown) == IN_SYNC | {"Drifted": "True DriftDetected fixedRate: 0.1 -> 0.5"}
    assert shown["drift"] == [{"field": "fixedRate", "desired": "0.5", "actual": "0.1"}]
    assert describe_conditions(repaired) == IN_SYNC | {"Drifted": "False DriftRepaired fixedRate: 0.1 -> 0.5"}
    assert "drift" not in repaired
    assert environment.aws.values["rule", "backend"] == VALUE
    assert (environment.reporter.drift_seen["rule"], environment.reporter.drift_repaired["rule"]) == (1, 1)


async def test_drift_repaired_stays_until_the_spec_changes() -> None:
    """Nothing is written in the meantime."""
    environment = await managed()
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(fresh=True)
    environment.log.clear()
    await environment.run_pass(fresh=True)
    assert environment.log == READ
    assert environment.conditions()["Drifted"] == "False DriftRepaired fixedRate: 0.1 -> 0.5"
    await environment.run_pass(environment.cluster.apply(rule(priority=5)))
    assert environment.conditions() == IN_SYNC


async def test_deletion_in_aws_is_drift_and_is_repaired() -> None:
    """The field of the drift is the name."""
    environment = await managed(group())
    del environment.aws.values["group", "failing"]
    await environment.run_pass(GROUP, fresh=True)
    assert environment.log == [*READ, "status", "create", "status"]
    assert environment.cluster.statuses[-2]["drift"] == [
        {"field": "groupName", "desired": '"failing"', "actual": "null"}
    ]
    assert environment.conditions(GROUP) == IN_SYNC | {"Drifted": "False DriftRepaired groupName: None -> 'failing'"}


async def test_drift_stays_until_a_repair_succeeds() -> None:
    """A repeated failure is not written again; the drift and its repair are counted once."""
    environment = await managed()
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    environment.aws.failures["update"] = [DENIED, DENIED]
    assert await environment.run_pass(fresh=True) is True
    assert environment.conditions() == {
        "Ready": "True Available",
        "Synced": "False Denied AccessDeniedException: not allowed",
        "Drifted": "True DriftDetected fixedRate: 0.1 -> 0.5",
    }
    assert [difference["field"] for difference in environment.status()["drift"]] == ["fixedRate"]
    environment.log.clear()
    assert await environment.run_pass() is True
    assert environment.patches() == []
    assert await environment.run_pass() is False
    assert environment.conditions() == IN_SYNC | {"Drifted": "False DriftRepaired fixedRate: 0.1 -> 0.5"}
    assert (environment.reporter.drift_seen["rule"], environment.reporter.drift_repaired["rule"]) == (1, 1)


FOREIGN = "'backend' is owned by prod/default/backend; adoptionPolicy: Force takes it over"
UNOWNED = "'backend' already exists without an owner tag; adoptionPolicy: IfUnowned takes it over"


async def test_conflict_is_reported_once_and_writes_nothing() -> None:
    """There is no finalizer, no ARN and no retry."""
    environment = Environment()
    environment.create_in_aws(VALUE, {OWNER_TAG: "prod/default/backend"})
    key = environment.cluster.apply(rule())
    assert await environment.run_pass(key) is False
    assert environment.conditions() == not_ready("Stalled", f"ForeignOwner {FOREIGN}") | {"Drifted": "False NoDrift"}
    assert ("arn" in environment.status(), environment.finalizers()) == (False, [])
    assert environment.writes() == []
    await environment.run_pass(fresh=True)
    assert environment.log == READ


async def test_rule_and_group_of_one_name_are_two_objects() -> None:
    """Names are unique by kind."""
    environment = Environment()
    for manifest in (rule("twice"), group("twice")):
        await environment.run_pass(environment.cluster.apply(manifest))
    assert environment.writes() == ["create", "create"]
    assert environment.conditions(Key("rule", "default", "twice")) == IN_SYNC
    assert environment.conditions(Key("group", "default", "twice")) == IN_SYNC


async def test_second_resource_for_an_object_waits_for_the_first() -> None:
    """It is reported as Duplicate, writes nothing, and creates the object once the first is deleted."""
    environment = Environment()
    first, second = (
        environment.cluster.apply(rule("a", ruleName="x")),
        environment.cluster.apply(rule("b", ruleName="x")),
    )
    for key in (second, first, second):
        await environment.run_pass(key)
    assert environment.writes() == ["create"]
    duplicate = "False Duplicate 'x' is already managed by XRaySamplingRule default/a"
    assert (environment.conditions(second)["Synced"], environment.finalizers(second)) == (duplicate, [])
    assert "Stalled" in environment.conditions(second)
    environment.cluster.delete(first)
    await environment.run_pass(second)
    assert "Reconciling" in environment.conditions(second)
    await environment.run_pass(first)
    await environment.run_pass(second)
    assert environment.writes() == ["delete", "create"]
    assert environment.conditions(second) == IN_SYNC


async def test_object_that_another_owner_took_over_is_not_updated() -> None:
    """The tags are read again before an update."""
    environment = await managed()
    environment.aws.tags_by_arn[ARN] = {OWNER_TAG: "prod/default/backend"}
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7)))
    assert environment.conditions()["Synced"] == f"False ForeignOwner {FOREIGN}"
    assert environment.writes() == []


EXPRESSION_PROBLEM = (
    "spec.filterExpression: 'responsetime >': expected a filter expression (column 15: expected a number after >)"
)


@pytest.mark.parametrize(
    ("valid", "invalid", "problem"),
    [
        (rule(), rule(fixedRate=7), "spec.fixedRate: 7: expected a number from 0 to 1"),
        (
            group(),
            group(filterExpression="responsetime >"),
            EXPRESSION_PROBLEM,
        ),
    ],
    ids=["rule", "group"],
)
async def test_invalid_spec_writes_nothing_to_aws(valid: dict[str, Any], invalid: dict[str, Any], problem: str) -> None:
    """It is Stalled, although AWS has what an earlier spec defined."""
    environment = await managed(valid)
    key = environment.cluster.apply(invalid)
    assert await environment.run_pass(key) is False
    assert environment.log == ["status"]
    assert environment.conditions(key) == not_ready("Stalled", f"InvalidSpec {problem}") | {"Drifted": "False NoDrift"}
    assert environment.status(key)["lint"] == [problem]


async def test_ready_stays_while_aws_is_unreachable() -> None:
    """The reason is written once and not for each attempt, and removed after the outage."""
    environment = await managed()
    environment.aws.failures["rules"] = [UNREACHABLE, UNREACHABLE]
    assert await environment.run_pass(fresh=True) is True
    assert environment.conditions() == IN_SYNC | {"Synced": f"Unknown Unreachable {UNREACHABLE.message}"}
    environment.log.clear()
    environment.seconds = 100
    assert await environment.run_pass(fresh=True) is True
    assert environment.patches() == []
    environment.seconds = 200
    assert await environment.run_pass(fresh=True) is False
    assert (environment.conditions(), environment.writes()) == (IN_SYNC, [])


async def test_edit_that_aws_refuses_is_not_ready() -> None:
    """Whatever Ready was, and with the generation observed; Ready again once AWS has it."""
    environment = await managed()
    environment.cluster.apply(rule(fixedRate=0.7))
    environment.aws.failures["update"] = [DENIED]
    assert await environment.run_pass() is True
    assert environment.conditions() == not_ready("Reconciling", f"Denied {DENIED.message}") | {
        "Drifted": "False NoDrift"
    }
    assert environment.status()["observedGeneration"] == 2
    environment.aws.failures["rules"] = [UNREACHABLE]
    assert await environment.run_pass(fresh=True) is True
    assert environment.conditions()["Reconciling"] == f"True Unreachable {UNREACHABLE.message}"
    environment.seconds = 10
    assert await environment.run_pass() is False
    assert environment.conditions() == IN_SYNC


async def test_invalid_spec_is_stalled_while_aws_is_unreachable() -> None:
    """No answer of AWS could change that; its ARN stays."""
    environment = await managed()
    environment.aws.failures["rules"] = [UNREACHABLE]
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=7)), fresh=True)
    assert environment.conditions()["Stalled"].startswith("True InvalidSpec ")
    assert environment.status()["arn"] == ARN


async def test_new_object_is_reconciling_while_aws_is_unreadable() -> None:
    """It is neither claimed nor created."""
    environment = Environment()
    environment.aws.failures["groups"] = [DENIED]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions() == not_ready("Reconciling", f"Denied {DENIED.message}")
    assert environment.log == ["rules", "groups", "status"]


async def test_unreadable_tags_are_not_missing_tags() -> None:
    """An object of ours must not look unowned."""
    environment = Environment()
    environment.create_in_aws(VALUE, OURS)
    environment.aws.failures["tags"] = [DENIED]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions()["Synced"] == f"False Denied {DENIED.message}"
    assert environment.writes() == []


@pytest.mark.parametrize(
    ("tags", "synced_as"),
    [(OURS, "True InSync"), ({}, f"False NotOwned {UNOWNED}")],
)
async def test_already_exists_is_decided_again_in_the_same_pass(tags: dict[str, str], synced_as: str) -> None:
    """The object that appeared after the read is ours, or is not."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, tags)
    assert await environment.run_pass(environment.cluster.apply(rule())) is False
    assert environment.log == ["claim", "create", *READ, "tags", "status"]
    assert environment.conditions()["Synced"] == synced_as


async def test_not_found_is_decided_again_in_the_same_pass() -> None:
    """A second contradiction is reported and retried."""
    environment = await managed()
    environment.cluster.apply(rule(fixedRate=0.7))
    environment.aws.failures["update"] = [GatewayError(Reason.NOT_FOUND, "does not exist")]
    assert await environment.run_pass() is False
    assert environment.log == ["tags", "update", *READ, "tags", "update", "status"]
    environment.cluster.apply(rule(fixedRate=0.8))
    environment.aws.failures["update"] = [GatewayError(Reason.NOT_FOUND, "does not exist")] * 2
    assert await environment.run_pass() is True
    assert environment.conditions()["Synced"] == "False NotFound does not exist"
    assert await environment.run_pass() is False


async def test_contradiction_followed_by_an_outage_is_an_outage() -> None:
    """Nothing more is written before AWS has been read."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, OURS)
    environment.aws.failures["rules"] = [UNREACHABLE]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions() == not_ready("Reconciling", f"Unreachable {UNREACHABLE.message}")
    environment.seconds = 10
    assert await environment.run_pass() is False
    assert (environment.conditions(), environment.writes()) == (IN_SYNC, ["create"])


async def test_creation_without_an_answer_is_not_repeated() -> None:
    """The next pass reads AWS and finds its own tag."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, OURS)
    environment.aws.failures["create"] = [UNREACHABLE]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions()["Ready"] == f"False Unreachable {UNREACHABLE.message}"
    assert await environment.run_pass() is False
    assert (environment.conditions(), environment.writes()) == (IN_SYNC, ["create"])


async def test_warnings_and_statistics_are_reported() -> None:
    """By the object's name in AWS."""
    environment = Environment()
    environment.create_in_aws(OTHER)
    environment.aws.statistics_by_rule["x"] = Statistics(10, 5, 1)
    key = environment.cluster.apply(rule("a", ruleName="x", priority=300))
    await environment.run_pass(key)
    assert environment.status(key)["lint"] == [
        "never applies: 'other' is evaluated first and matches the same requests"
    ]
    assert environment.status(key)["statistics"] | {"time": ""} == {
        "requests": 10,
        "sampled": 5,
        "borrowed": 1,
        "time": "",
    }


@pytest.mark.parametrize("failing", [False, True])
async def test_token_is_acknowledged_after_a_read(failing: bool) -> None:
    """Not after a failed one."""
    environment = await managed()
    environment.aws.failures["rules"] = [UNREACHABLE] if failing else []
    await environment.run_pass(environment.cluster.apply(rule(), **{RECONCILE_ANNOTATION: "1"}), fresh=True)
    assert environment.status().get("lastHandledReconcileAt") == (None if failing else "1")


async def test_report_on_a_deleted_object_is_not_found() -> None:
    """The controller drops the object."""
    environment = await managed()
    environment.cluster.apply(rule(fixedRate=7))
    environment.list_resources()
    del environment.cluster.bodies[RULE]
    with pytest.raises(KubernetesError) as raised:
        await environment.reconciler.reconcile(environment.cache.resources[RULE])
    assert raised.value.is_not_found
