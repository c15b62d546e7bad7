"""The backend restarts under load, and an agent's pod is killed."""

import pytest

from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import DEAD_SECONDS, delivery, load

pytestmark = pytest.mark.e2e
RATE = 15.0  # requests a second


def test_a_rolling_restart_loses_nothing(release: Release, store: Store) -> None:
    """No request fails, and every one has its segments and its spans, those of the pods that ended as well."""
    release.ensure({}, quick=False)
    with load(release, RATE) as running:
        release.kubectl("rollout", "restart", "deployment/cruddur-backend")
        release.kubectl("rollout", "status", "deployment/cruddur-backend", "--timeout=180s")
        release.wait_for_no_leavers("backend")
        answers = running.stop()
    found = delivery(answers, store)
    note("rollout", {"rolling restart of the backend": str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


def names(release: Release, component: str) -> set[str]:
    """Return the names of a component's pods."""
    return {pod["metadata"]["name"] for pod in release.pods(component)}


@pytest.mark.parametrize("agent", ["daemon", "collector"])
def test_a_killed_agent_costs_no_request(release: Release, store: Store, agent: str) -> None:
    """Requests succeed, segments arrive again without a restart, and lost ones are counted."""
    release.ensure({"tracing": {"agent": agent}}, quick=False)
    with load(release, RATE) as running:
        (victim, _) = sorted(names(release, agent))
        release.kubectl("delete", "pod", victim, "--grace-period=0", "--force")
        until(lambda: len(new := names(release, agent)) == 2 and victim not in new, "its node has another one")
        release.kubectl("rollout", "status", f"daemonset/cruddur-{agent}", "--timeout=60s")
        running.wait_for(int(10 * RATE))
        answers = running.stop()
    resumed = delivery(answers[-int(5 * RATE) :], store)
    assert (resumed.without_segment, resumed.without_span) == ([], []), resumed
    found = delivery(answers, store, settle=DEAD_SECONDS)
    note("rollout", {f"a pod of the {agent} killed": str(found)})
    assert not found.failed, found.failed[:5]
