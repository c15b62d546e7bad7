"""Each move by one value, from the daemon to OpenTelemetry alone, under load: nothing is lost on the way."""

from collections.abc import Collection

import pytest

from tests.e2e.kind.release import Release
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 15.0  # requests a second
DAEMON, COLLECTOR = {"tracing": {"agent": "daemon"}}, {"tracing": {"agent": "collector"}}
SIDECAR = {"tracing": {"agent": "daemon", "placement": "sidecar"}}
NO_SDK = {"tracing": {"xraySdk": {"enabled": False}}}
EVERY_POD, BACKENDS = "", "backend"
# name -> values before and after, and whose end ends the change. Each begins where the one before it has ended.
CHANGES = {
    "daemon to collector": (DAEMON, COLLECTOR, EVERY_POD),
    "collector to daemon": (COLLECTOR, DAEMON, EVERY_POD),
    "nodes to sidecars": (DAEMON, SIDECAR, BACKENDS),
    "sidecars to nodes": (SIDECAR, COLLECTOR, BACKENDS),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_the_agents_change_under_load(release: Release, store: Store, name: str) -> None:
    """No request fails, and every request has its segment and its spans."""
    before, after, ends_last = CHANGES[name]
    release.ensure(before)
    with load(release, RATE) as running:
        release.ensure(after)
        release.wait_for_no_leavers(ends_last)
        answers = running.stop()
    found = delivery(answers, store)
    note("switch", {name: str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


def test_the_sdk_goes_under_load(release: Release, store: Store) -> None:
    """Every request has its spans, and those of the pods that had the SDK have their segments."""
    release.ensure(COLLECTOR)
    recording = {pod["metadata"]["name"] for pod in release.pods("backend")}
    with load(release, RATE) as running:
        release.ensure(NO_SDK)
        release.wait_for_no_leavers(BACKENDS)
        answers = running.stop()
    found = delivery(answers, store, segments=False)
    assert not found.failed, found.failed[:5]
    assert found.without_span == [], found
    pods = served_by(store, [answer["id"] for answer in answers])
    recorded = delivery([answer for answer in answers if pods[answer["id"]] in recording], store)
    note("switch", {"collector to OpenTelemetry alone": f"{found}; of the pods with the SDK {recorded}"})
    assert 0 < recorded.requests < found.requests
    assert recorded.without_segment == [], recorded


def served_by(store: Store, ids: Collection[str]) -> dict[str, str]:
    """Return the pod that answered each request, as its spans say."""
    return {
        trace_id: trace.spans[0]["metadata"]["otel"]["resource"]["k8s.pod.name"]
        for trace_id, trace in store.traces(ids).items()
    }
