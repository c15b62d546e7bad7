"""The metrics: each that is listed is in a scrape, with what the operator knows at that moment."""

from prometheus_client.parser import text_string_to_metric_families

from tests.operator.kubernetes import GROUP, RULE, World, group, rule
from xray_operator.metrics import METRICS, Calls, OperatorCollector, render


def samples(world: World, calls: Calls | None = None) -> dict[str, float]:
    """Scrape, and give each sample as `name{labels}`."""
    collector = OperatorCollector(calls or Calls(), world.region, world.mirror, world.report, world.quotas)
    families = text_string_to_metric_families(render(collector).decode())
    return {
        f"{one.name}{{{','.join(f'{key}={value}' for key, value in one.labels.items())}}}": one.value
        for family in families
        for one in family.samples
    }


def test_before_aws_was_read_its_age_and_the_quota_in_use_are_absent() -> None:
    """A zero would be a lie."""
    assert samples(World()) == {
        "xray_operator_drift_seen_total{kind=rule}": 0,
        "xray_operator_drift_seen_total{kind=group}": 0,
        "xray_operator_drift_repaired_total{kind=rule}": 0,
        "xray_operator_drift_repaired_total{kind=group}": 0,
        "xray_operator_quota_limit{kind=rule}": 25,
        "xray_operator_quota_limit{kind=group}": 25,
    }


def test_calls_are_counted_by_operation_and_result() -> None:
    """As they happen."""
    calls = Calls()
    for result in ("Success", "Throttled", "Success"):
        calls.told("get_groups", result)
    found = samples(World(), calls)
    assert found["xray_operator_aws_calls_total{operation=get_groups,result=Success}"] == 2
    assert found["xray_operator_aws_calls_total{operation=get_groups,result=Throttled}"] == 1


async def test_objects_drift_quota_and_age_are_those_of_the_moment() -> None:
    """One repaired rule, one group in sync, read 7 s ago."""
    world = World(rule_quota=100)
    for manifest in (rule(), group()):
        await world.look(world.cluster.apply(manifest))
    world.edit("rule", "backend", Host="a")
    await world.look(RULE, fresh=True)
    await world.look(GROUP)
    world.seconds = 7
    found = samples(world)
    assert found["xray_operator_objects{condition=Ready,kind=rule,status=True}"] == 1
    assert found["xray_operator_objects{condition=Drifted,kind=group,status=False}"] == 1
    assert found["xray_operator_drift_seen_total{kind=rule}"] == 1
    assert found["xray_operator_drift_repaired_total{kind=rule}"] == 1
    assert found["xray_operator_drift_seen_total{kind=group}"] == 0
    assert found["xray_operator_quota_used{kind=rule}"] == 1
    assert found["xray_operator_quota_limit{kind=rule}"] == 100
    assert found["xray_operator_last_sync_age_seconds{}"] == 7


async def test_every_metric_of_the_table_is_scraped() -> None:
    """And none besides."""
    world, calls = World(), Calls()
    await world.look(world.cluster.apply(rule()))
    calls.told("get_groups", "Success")
    assert {name.partition("{")[0] for name in samples(world, calls)} == {one.name for one in METRICS}
