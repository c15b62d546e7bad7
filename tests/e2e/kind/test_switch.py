"""Each move by one value, from the daemon to OpenTelemetry alone, under load: nothing is lost on the way."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from tests.e2e.kind.release import Release
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 15.0  # requests a second
AGENTS = ("daemon", "collector")
NODE_DAEMON = {"tracing": {"agent": "daemon", "placement": "node"}}
SIDECAR_DAEMON = {"tracing": {"agent": "daemon", "placement": "sidecar"}}
SIDECAR_COLLECTOR = {"tracing": {"agent": "collector", "placement": "sidecar"}}
NODE_COLLECTOR = {"tracing": {"agent": "collector", "placement": "node"}}
NO_SDK = {"tracing": {"xraySdk": {"enabled": False}}}


@pytest.mark.parametrize(("before", "after"), [AGENTS, AGENTS[::-1]], ids=["to the collector", "back to the daemon"])
def test_the_agent_changes_under_load(release: Release, store: Store, before: str, after: str) -> None:
    """No request fails, and every request has its segment and its spans."""
    release.ensure({"tracing": {"agent": before}})
    with load(release, RATE) as running:
        release.ensure({"tracing": {"agent": after}})
        release.wait_for_no_leavers()
        answers = running.stop()
    found = delivery(answers, store)
    note("switch", {f"{before} to {after}": str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


@pytest.mark.parametrize(
    ("before", "after"),
    [(NODE_DAEMON, SIDECAR_DAEMON), (SIDECAR_COLLECTOR, NODE_COLLECTOR)],
    ids=["into the pods", "back to the nodes"],
)
def test_the_placement_changes_under_load(
    release: Release, store: Store, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """The agents of before serve the backends of before to their end."""
    release.ensure(before)
    with load(release, RATE) as running:
        release.ensure(after)
        release.wait_for_no_leavers("backend")
        answers = running.stop()
    found = delivery(answers, store)
    name = " to ".join("{agent}, {placement}".format(**one["tracing"]) for one in (before, after))
    note("switch", {name: str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


def test_the_sdk_goes_under_load(release: Release, store: Store) -> None:
    """Every request has its spans, and those of the pods that had the SDK have their segments."""
    release.ensure(NODE_COLLECTOR)
    recording = {pod["metadata"]["name"] for pod in release.pods("backend")}
    with load(release, RATE) as running:
        release.ensure(NO_SDK)
        release.wait_for_no_leavers("backend")
        answers = running.stop()
    found = delivery(answers, store, segments=False)
    assert not found.failed, found.failed[:5]
    assert found.without_span == [], found
    pods = served_by(store, [one["id"] for one in answers])
    recorded = delivery([one for one in answers if pods[one["id"]] in recording], store)
    note("switch", {"collector to no SDK": f"{found}; of the pods with the SDK {recorded}"})
    assert 0 < recorded.requests < found.requests
    assert recorded.without_segment == [], recorded


def served_by(store: Store, ids: Collection[str]) -> dict[str, str]:
    """Give the pod that answered each request, as its spans say."""
    return {
        trace_id: trace.spans[0]["metadata"]["otel"]["resource"]["k8s.pod.name"]
        for trace_id, trace in store.traces(ids).items()
    }
