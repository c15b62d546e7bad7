"""The life of a rule and of a group on a real API server: status, events, PATCHes, columns, expiry and deletion."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.operator.fixture import CLUSTER_ID, OperatorFixture, group, rule
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG

pytestmark = pytest.mark.process
READS = {"GetSamplingRules", "GetGroups", "GetSamplingStatisticSummaries", "ListTagsForResource"}
LATE_SECONDS = 3.0  # of calls to AWS: the operator repeats them after one second, and expects none after six


def checkout(rate: float) -> SamplingRule:
    """Return the rule of the manifest with another rate."""
    return SamplingRule(rule_name="checkout", priority=100, fixed_rate=rate, reservoir_size=1)


def expiry() -> dict[str, str]:
    """Return an expiry two to three seconds ahead."""
    return {"expiresAt": f"{datetime.now(UTC) + timedelta(seconds=3):%Y-%m-%dT%H:%M:%SZ}"}


def test_life_of_a_rule(operator: OperatorFixture) -> None:
    """Created, updated, repaired, read on request, deleted; each transition has one event."""
    operator.apply_in_sync(rule())
    status = operator.status("xsr/checkout")
    assert operator.aws_value("checkout") == checkout(0.1)
    assert operator.tags("checkout") == {
        OWNER_TAG: f"{CLUSTER_ID}/{operator.namespace}/checkout",
        DELETION_TAG: "Delete",
    }
    assert status["arn"].endswith(":sampling-rule/checkout")
    assert (status["name"], status["quota"], "drift" in status) == ("checkout", "1/25", False)
    assert [
        f"{condition['type']} {condition['status']} {condition['reason']} {condition['observedGeneration']}"
        for condition in status["conditions"]
    ] == ["Ready True Available 1", "Synced True InSync 1", "Drifted False NoDrift 1"]
    operator.apply_in_sync(rule(fixedRate=0.5))
    assert (operator.rate(), operator.condition("xsr/checkout", "Drifted")) == (0.5, "False NoDrift")
    operator.update_in_aws(checkout(1.0))
    operator.wait_until(lambda: operator.condition("xsr/checkout", "Drifted"), "False DriftRepaired")
    assert (operator.rate(), operator.message("xsr/checkout", "Drifted")) == (0.5, "fixedRate: 1.0 -> 0.5")
    events = ["Created", "Updated", "DriftDetected", "Updated", "DriftRepaired"]
    operator.wait_until(lambda: operator.events("xsr/checkout"), events)
    operator.report_statistics("checkout", RequestCount=40, SampledCount=5, BorrowCount=1)
    operator.request_read("xsr/checkout", "token-1")
    status = operator.status("xsr/checkout")
    assert status["statistics"].items() >= {"requests": 40, "sampled": 5, "borrowed": 1}.items()
    managers = {entry["manager"] for entry in operator.read("xsr/checkout")["metadata"]["managedFields"]}
    assert managers == {"kubectl", "kubectl-annotate", "xray-operator"}
    assert operator.events("xsr/checkout") == events
    operator.delete("xsr/checkout")
    assert operator.aws_value("checkout") is None


def test_life_of_a_group(operator: OperatorFixture) -> None:
    """A recreated group has a new ARN: for a new expression, and after a deletion in AWS."""
    operator.apply_in_sync(group(updateStrategy="Recreate"))
    first = operator.status("xg/slow")["arn"]
    operator.apply_in_sync(group(updateStrategy="Recreate", filterExpression="responsetime > 9"))
    assert operator.aws_value("slow", "group") == Group(group_name="slow", filter_expression="responsetime > 9")
    second = operator.status("xg/slow")["arn"]
    operator.delete_in_aws("slow", "group")
    operator.wait_until(lambda: operator.condition("xg/slow", "Drifted"), "False DriftRepaired")
    third = operator.aws_object("slow", "group")
    assert third is not None
    assert operator.status("xg/slow")["arn"] == third.arn
    assert len({first, second, third.arn}) == 3
    operator.delete("xg/slow")
    assert operator.aws_value("slow", "group") is None


def test_new_object_takes_two_patches(operator: OperatorFixture) -> None:
    """One adds the finalizer, one writes the status."""
    operator.apply_in_sync(rule(), group())
    operator.request_read("xsr/checkout", "one")
    patches = operator.patches()
    assert [patch for patch in patches if patch[0] == "slow"][:2] == [("slow", ""), ("slow", "status")]
    assert patches.count(("checkout", "")) == 1


def test_gitops_tools_cause_no_write(operator: OperatorFixture) -> None:
    """Apply again, diff, label and annotate change neither AWS nor the status; a requested read is acknowledged."""
    operator.apply_in_sync(rule())
    operator.request_read("xsr/checkout", "one")
    operator.aws.forget_calls()
    before = operator.patches()
    operator.apply(rule())
    operator.kubectl("diff", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(rule()))
    operator.kubectl("label", "xsr/checkout", "argocd.argoproj.io/instance=shop")
    operator.kubectl("annotate", "xsr/checkout", "argocd.argoproj.io/sync-wave=1")
    operator.request_read("xsr/checkout", "two")
    assert set(operator.calls()) <= READS
    assert operator.patches()[len(before) :] == [("checkout", "status")]


def test_kubectl_get_has_our_columns(operator: OperatorFixture) -> None:
    """Those of each kind; the category `xray` has both kinds."""
    operator.apply_in_sync(rule(), group())
    head, row = operator.kubectl("get", "xsr").splitlines()
    assert head.split() == ["NAME", "RULE", "PRIORITY", "RATE", "RESERVOIR", "READY", "DRIFTED", "AGE"]
    assert row.split()[:-1] == ["checkout", "checkout", "100", "0.1", "1", "True", "False"]
    head, row = operator.kubectl("get", "xg").splitlines()
    assert head.split() == ["NAME", "GROUP", "EXPRESSION", "READY", "DRIFTED", "AGE"]
    assert "xraygroup.xray.cruddur.io/slow" in operator.kubectl("get", "xray", "-o", "name")


def test_26th_rule_waits_for_room_in_the_quota(operator: OperatorFixture) -> None:
    """No request is sent for it; the status has the used and the maximum number."""
    for number in range(25):
        operator.create_in_aws(
            SamplingRule(rule_name=f"other-{number}", priority=number + 1, fixed_rate=0, reservoir_size=0)
        )
    operator.wait_for_reads()
    operator.apply(rule())
    operator.wait_synced("xsr/checkout", "False QuotaExceeded")
    assert operator.message("xsr/checkout") == "cannot create 'checkout': the rule quota is full (25 of 25)"
    assert "CreateSamplingRule" not in operator.calls()
    operator.delete_in_aws("other-3")
    operator.wait_in_sync("xsr/checkout")
    assert operator.status("xsr/checkout")["quota"] == "25/25"


def test_takeover_is_undone_at_the_expiry(operator: OperatorFixture) -> None:
    """The annotation on the API server has the previous values of an adopted rule, and of the Default rule.

    AWS answers only the second attempts of both updates in time, and carries out the first ones after the expiry.
    """
    previous = SamplingRule(
        rule_name="checkout", priority=7, fixed_rate=0.9, reservoir_size=3, service_name="shop", attributes={"a": "ü"}
    )
    operator.create_in_aws(previous, {"team": "shop"})
    operator.aws.script([{"operation": "UpdateSamplingRule", "times": 2, "delay": LATE_SECONDS}])
    operator.apply(
        rule(adoptionPolicy="IfUnowned", **expiry()),
        rule("debug", ruleName="Default", priority=None, fixedRate=1.0, **expiry()),
    )
    late = time.monotonic() + LATE_SECONDS + 1
    operator.wait_synced("xsr/debug", "True Expired")
    operator.wait_synced("xsr/checkout", "True Expired")
    time.sleep(max(0, late - time.monotonic()))
    assert (operator.aws_value("checkout"), operator.tags("checkout")) == (previous, {"team": "shop"})
    assert operator.aws_value("Default") == default_rule()
    assert operator.finalizers("xsr/checkout") == []
    assert {"Adopted", "Restored"} <= set(operator.events("xsr/checkout"))


def test_namespace_with_objects_can_be_deleted(operator: OperatorFixture) -> None:
    """A terminating namespace refuses events, which does not block the deletions."""
    operator.apply_in_sync(rule(), group(deletionPolicy="Orphan"))
    operator.terminate_namespace()
    operator.delete_all()
    assert operator.aws_value("checkout") is None
    assert operator.tags("slow", "group") == {}


@pytest.mark.parametrize("again", [0.9, 1.0])
def test_replaced_resource_restores_what_was_there_before(operator: OperatorFixture, again: float) -> None:
    """`kubectl replace` removes the finalizer and the annotation; the operator's own value is never taken for it."""
    debug = rule("debug", ruleName="Default", priority=None, fixedRate=1.0, reservoirSize=10)
    operator.apply_in_sync(debug)
    debug["spec"]["fixedRate"] = again
    operator.kubectl("replace", "-f", "-", text=json.dumps(debug))
    operator.wait_until(lambda: operator.rate("Default") == again and operator.finalizers("xsr/debug") != [], True)
    operator.wait_in_sync("xsr/debug")
    operator.delete("xsr/debug")
    assert operator.aws_value("Default") == default_rule()


def test_replaced_resource_that_is_deleted_leaves_nothing(operator: OperatorFixture) -> None:
    """The PUT removes the finalizer, which a suspended resource does not get again."""
    operator.apply_in_sync(rule())
    operator.kubectl("replace", "-f", "-", text=json.dumps(rule(suspend=True)))
    operator.wait_synced("xsr/checkout", "True Suspended")
    assert operator.finalizers("xsr/checkout") == []
    operator.delete("xsr/checkout")
    operator.wait_until(lambda: operator.aws_value("checkout"), None)
