"""The metrics: each documented one is in a scrape, with the current state."""

from prometheus_client.parser import text_string_to_metric_families

from tests.operator.environment import Environment
from tests.operator.in_memory_kubernetes import GROUP, RULE, group, rule
from xray_operator.aws.objects import Statistics
from xray_operator.runtime.metrics import METRICS, Calls, OperatorCollector, ProcessCollector, render


def samples(environment: Environment, calls: Calls | None = None) -> dict[str, float]:
    """Return the samples of a leader's scrape by `name{labels}`."""
    collector = OperatorCollector(
        environment.state, environment.cache, environment.reporter, environment.quotas, lambda: ["b"]
    )
    process = ProcessCollector(calls or Calls(), is_leader=True)
    families = text_string_to_metric_families(render(process, collector).decode())
    return {
        f"{sample.name}{{{','.join(f'{key}={value}' for key, value in sample.labels.items())}}}": sample.value
        for family in families
        for sample in family.samples
    }


def test_age_and_used_quota_are_absent_before_the_first_read() -> None:
    """A zero would be wrong."""
    assert samples(Environment()) == {
        "xray_operator_drift_seen_total{kind=rule}": 0,
        "xray_operator_drift_seen_total{kind=group}": 0,
        "xray_operator_drift_repaired_total{kind=rule}": 0,
        "xray_operator_drift_repaired_total{kind=group}": 0,
        "xray_operator_quota_limit{kind=rule}": 25,
        "xray_operator_quota_limit{kind=group}": 25,
        "xray_operator_forbidden_namespaces{}": 1,
        "xray_operator_conflicts{}": 0,
        "xray_operator_leader{}": 1,
    }


def test_calls_are_counted_by_operation_and_result() -> None:
    """Each as it happens."""
    calls = Calls()
    for result in ("Success", "Throttled", "Success"):
        calls.count("get_groups", result)
    found = samples(Environment(), calls)
    assert found["xray_operator_aws_calls_total{operation=get_groups,result=Success}"] == 2
    assert found["xray_operator_aws_calls_total{operation=get_groups,result=Throttled}"] == 1


async def test_metrics_have_the_current_state() -> None:
    """One repaired rule, one group in sync, read 7 s ago."""
    environment = Environment(rule_quota=100)
    for manifest in (rule(), group()):
        await environment.run_pass(environment.cluster.apply(manifest))
    environment.edit_in_aws("rule", "backend", Host="a")
    environment.aws.statistics_by_rule["backend"] = Statistics(10, 5, 1)
    await environment.run_pass(RULE, fresh=True)
    await environment.run_pass(GROUP)
    environment.seconds = 7
    found = samples(environment)
    assert found["xray_operator_objects{condition=Ready,kind=rule,status=True}"] == 1
    assert found["xray_operator_objects{condition=Drifted,kind=group,status=False}"] == 1
    assert found["xray_operator_drift_seen_total{kind=rule}"] == 1
    assert found["xray_operator_drift_repaired_total{kind=rule}"] == 1
    assert found["xray_operator_drift_seen_total{kind=group}"] == 0
    assert found["xray_operator_quota_used{kind=rule}"] == 1
    assert found["xray_operator_quota_limit{kind=rule}"] == 100
    assert found["xray_operator_last_sync_age_seconds{}"] == 7
    results = ("matched", "sampled", "borrowed")
    counts = [found[f"xray_operator_rule_requests{{result={result},rule=backend}}"] for result in results]
    assert counts == [10, 5, 1]


async def test_every_documented_metric_is_scraped() -> None:
    """No other metric is scraped."""
    environment, calls = Environment(), Calls()
    environment.aws.statistics_by_rule["backend"] = Statistics(10, 5, 1)
    await environment.run_pass(environment.cluster.apply(rule()))
    calls.count("get_groups", "Success")
    assert {name.partition("{")[0] for name in samples(environment, calls)} == {metric.name for metric in METRICS}
