"""An object's life: made, changed, drifted and repaired, only looked at, suspended; and what its status tells."""

from functools import partial

import boto3
import pytest

from tests.integration.operator.bench import Bench, group, rule
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.objects import Value

pytestmark = pytest.mark.process


def checkout(rate: float = 0.1) -> SamplingRule:
    """Give the rule of the tests as AWS holds it."""
    return SamplingRule(rule_name="checkout", priority=100, fixed_rate=rate, reservoir_size=1)


def test_a_rule_is_made_and_the_status_tells_what_aws_holds(bench: Bench) -> None:
    """Its ARN, its name, the quota, three conditions about this generation."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    status = bench.status("xsr/checkout")
    assert bench.in_aws("checkout") == checkout()
    assert status["arn"].endswith(":sampling-rule/checkout")
    assert (status["name"], status["quota"], "drift" in status) == ("checkout", "1/25", False)
    told = {one["type"]: f"{one['status']} {one['reason']} {one['observedGeneration']}" for one in status["conditions"]}
    assert told == {"Ready": "True Available 1", "Synced": "True InSync 1", "Drifted": "False NoDrift 1"}
    bench.until(lambda: bench.events("xsr/checkout"), ["Created"])


def test_kubectl_get_shows_what_matters(bench: Bench) -> None:
    """Rule, priority, rate, reservoir, ready, drifted, age; by the category, too."""
    bench.apply(rule(), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    head, row = bench.kubectl("get", "xsr").splitlines()
    assert head.split() == ["NAME", "RULE", "PRIORITY", "RATE", "RESERVOIR", "READY", "DRIFTED", "AGE"]
    assert row.split()[:-1] == ["checkout", "checkout", "100", "0.1", "1", "True", "False"]
    head, row = bench.kubectl("get", "xg").splitlines()
    assert head.split() == ["NAME", "GROUP", "EXPRESSION", "READY", "DRIFTED", "AGE"]
    assert "xraygroup.xray.cruddur.io/slow" in bench.kubectl("get", "xray", "-o", "name")


def test_a_changed_spec_is_an_update_and_no_drift(bench: Bench) -> None:
    """The new generation is told of."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.apply(rule(fixedRate=0.5))
    bench.ready("xsr/checkout")
    assert (bench.rate(), bench.condition("xsr/checkout", "Drifted")) == (0.5, "False NoDrift")
    bench.until(lambda: bench.events("xsr/checkout"), ["Created", "Updated"])


def test_what_somebody_changes_in_aws_is_shown_and_put_right(bench: Bench) -> None:
    """Field by field, with events on the transitions only."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.aws.gateway.update(checkout(1.0))
    bench.until(lambda: bench.condition("xsr/checkout", "Drifted"), "False DriftRepaired")
    assert (bench.rate(), bench.message("xsr/checkout", "Drifted")) == (0.1, "FixedRate: 1.0 -> 0.1")
    bench.until(lambda: bench.events("xsr/checkout"), ["Created", "DriftDetected", "Updated", "DriftRepaired"])
    bench.look_anew("xsr/checkout", "one")
    assert len(bench.events("xsr/checkout")) == 4


def test_what_somebody_deletes_in_aws_is_made_again(bench: Bench) -> None:
    """That is drift, too."""
    bench.apply(group())
    bench.ready("xg/slow")
    held = bench.aws.find(("group", "slow"))
    assert held is not None
    bench.aws.gateway.delete("group", held.arn)
    bench.until(lambda: bench.condition("xg/slow", "Drifted"), "False DriftRepaired")
    made = bench.aws.find(("group", "slow"))
    assert made is not None
    bench.until(lambda: str(bench.status("xg/slow").get("arn")), made.arn)


def test_observe_shows_drift_and_never_writes(bench: Bench) -> None:
    """Without a finalizer, since nothing has to be cleaned up."""
    bench.aws.create(checkout(0.9), {})
    bench.look_at_aws()
    bench.apply(rule(managementPolicy="Observe"))
    bench.synced("xsr/checkout", "False Observed")
    status = bench.status("xsr/checkout")
    assert status["drift"] == [{"field": "fixedRate", "desired": "0.1", "actual": "0.9"}]
    assert (bench.condition("xsr/checkout", "Ready"), bench.condition("xsr/checkout", "Drifted")) == (
        "True Available",
        "True DriftDetected",
    )
    assert bench.read("xsr/checkout")["metadata"].get("finalizers") is None
    assert (bench.rate(), bench.tags("checkout")) == (0.9, {})


def test_a_suspended_object_is_left_alone_until_it_is_not(bench: Bench) -> None:
    """Its spec may change meanwhile."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.apply(rule(fixedRate=0.7, suspend=True))
    bench.synced("xsr/checkout", "False Suspended")
    assert bench.rate() == 0.1
    bench.apply(rule(fixedRate=0.7))
    bench.ready("xsr/checkout")
    assert bench.rate() == 0.7


@pytest.mark.parametrize(("strategy", "is_same"), [("InPlace", True), ("Recreate", False)])
def test_an_expression_changes_in_place_or_by_a_new_group(bench: Bench, strategy: str, is_same: bool) -> None:
    """AWS merges the graphs of one ARN."""
    bench.apply(group(updateStrategy=strategy))
    bench.ready("xg/slow")
    arn = bench.status("xg/slow")["arn"]
    bench.apply(group(updateStrategy=strategy, filterExpression="responsetime > 9"))
    bench.ready("xg/slow")
    assert bench.in_aws("slow", "group") == Group(group_name="slow", filter_expression="responsetime > 9")
    assert (bench.status("xg/slow")["arn"] == arn) is is_same


def test_an_annotation_has_aws_read_at_once(bench: Bench) -> None:
    """It is acknowledged in the status."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.look_anew("xsr/checkout", "token-1")
    assert bench.status("xsr/checkout")["lastHandledReconcileAt"] == "token-1"


def test_surprises_are_told(bench: Bench) -> None:
    """An equal priority, a shadow, a rule that the SDKs ignore."""
    bench.apply(
        rule("all", priority=1),
        rule("same", priority=1, host="a"),
        rule("later", priority=2, host="b"),
        rule("ignored", priority=3, attributes={"zone": "a"}),
    )
    for name in ("all", "same", "later", "ignored"):
        bench.ready(f"xsr/{name}")
    for name, words in (("all", "as 'same'"), ("later", "'all' is evaluated"), ("ignored", "ignored by the SDKs")):
        bench.until(partial(bench.warns, f"xsr/{name}", words), wanted=True)


def test_an_expression_that_cannot_be_read_names_its_column(bench: Bench) -> None:
    """AWS would disable the group in silence; nothing is sent."""
    bench.apply(group(filterExpression="responsetime >"))
    bench.synced("xg/slow", "False InvalidSpec")
    assert "column 15" in bench.message("xg/slow")
    assert bench.in_aws("slow", "group") is None


def test_the_status_tells_how_a_rule_works(bench: Bench) -> None:
    """What the SDKs have reported to AWS: requests, sampled, borrowed."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    client = boto3.client(
        "xray",
        endpoint_url=bench.aws.api,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    document = {
        "RuleName": "checkout",
        "ClientID": "0" * 24,
        "Timestamp": client.get_sampling_rules()["ResponseMetadata"]["HTTPHeaders"]["date"],
        "RequestCount": 40,
        "SampledCount": 5,
        "BorrowCount": 1,
    }
    client.get_sampling_targets(SamplingStatisticsDocuments=[document])
    client.close()
    expected = {"requests": 40, "sampled": 5, "borrowed": 1}
    bench.until(lambda: dict(bench.status("xsr/checkout").get("statistics", {})), expected)


def test_the_26th_rule_is_refused_before_aws_is_asked_and_made_when_there_is_room(bench: Bench) -> None:
    """The quota is told in the status, used of limit."""
    filler: list[Value] = [
        SamplingRule(rule_name=f"other-{n}", priority=n + 1, fixed_rate=0, reservoir_size=0) for n in range(25)
    ]
    for one in filler:
        bench.aws.create(one, {})
    bench.look_at_aws()
    bench.apply(rule())
    bench.synced("xsr/checkout", "False QuotaExceeded")
    assert bench.message("xsr/checkout") == "cannot create 'checkout': the rule quota is full (25 of 25)"
    held = bench.aws.find(("rule", "other-3"))
    assert held is not None
    bench.aws.gateway.delete("rule", held.arn)
    bench.ready("xsr/checkout")
    assert bench.status("xsr/checkout")["quota"] == "25/25"


def test_the_defaults_are_managed_by_their_two_fields(bench: Bench) -> None:
    """And their deletion puts back what was there before."""
    bench.apply(rule("everything", ruleName="Default", priority=None, fixedRate=1.0))
    bench.apply(
        group("all", groupName="Default", filterExpression=None, insightsConfiguration={"insightsEnabled": True})
    )
    bench.ready("xsr/everything")
    bench.ready("xg/all")
    assert bench.rate("Default") == 1.0
    bench.delete("xsr/everything")
    bench.delete("xg/all")
    assert bench.in_aws("Default") == default_rule()
    assert bench.in_aws("Default", "group") == Group(group_name="Default")


def test_a_namespace_can_be_deleted_with_objects_in_it(bench: Bench) -> None:
    """Events are refused there by then; that holds nothing up."""
    bench.apply(rule(), group(deletionPolicy="Orphan"))
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.terminate()
    bench.delete_content()
    assert bench.in_aws("checkout") is None
    assert bench.in_aws("slow", "group") is not None
