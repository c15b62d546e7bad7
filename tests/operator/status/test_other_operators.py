"""Two operators that manage the same resources: each status is written a few times, whatever they conclude."""

from tests.operator.environment import Environment
from tests.operator.in_memory_kubernetes import RULE, rule


async def run_both(first: Environment, second: Environment, seconds: int) -> None:
    """Make a pass of each every second, as the watch would after each write to a status."""
    for _ in range(seconds):
        first.seconds += 1
        second.seconds = first.seconds
        for environment in (first, second):
            await environment.run_pass()


async def test_operators_of_two_cluster_ids_do_not_fight_over_a_status() -> None:
    """The first owns the object in AWS; the second would report it as foreign: at most once in ten minutes each."""
    first = Environment(cluster_id="prod")
    first.cluster.apply(rule())
    await first.run_pass()
    assert first.status()["operator"] == "prod/us-east-1"
    second = Environment(after=first, cluster_id="local")
    first.cluster.statuses.clear()
    await run_both(first, second, 300)
    written = [status["operator"] for status in first.cluster.statuses]
    assert written == ["local/us-east-1", "prod/us-east-1"]
    message = "manages this resource, too: expected another --class for each operator"
    assert f"Warning OtherOperator: the operator prod/us-east-1 {message}" in first.cluster.events
    assert second.reporter.others.conflicts(second.cache.resources) == 1
    assert first.conditions()["Synced"] == "True InSync"
    await run_both(first, second, 900)
    assert len(first.cluster.statuses) <= 8


async def test_operator_takes_over_the_statuses_of_one_that_has_ended() -> None:
    """After a change of the cluster id nothing is written back; later results are written at once."""
    first = Environment(cluster_id="prod")
    first.cluster.apply(rule())
    await first.run_pass()
    second = Environment(after=first, cluster_id="new")
    await second.run_pass()
    assert second.status()["operator"] == "new/us-east-1"
    second.cluster.apply(rule(adoptionPolicy="Force"))
    await second.run_pass()
    assert second.conditions(RULE)["Synced"] == "True InSync"
    assert second.reporter.others.conflicts(second.cache.resources) == 0
