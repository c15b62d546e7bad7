"""Each move by one value, from the daemon to OTLP alone and back, under load: nothing is lost on the way."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from tests.e2e.kind.release import Release
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store, Trace
from tests.e2e.kind.traffic import ROUTES, arrived, ask, delivery, load
from tests.e2e.kind.trees import SAME, diff, ids

pytestmark = pytest.mark.e2e
RATE = 15.0  # requests a second
DAEMON, COLLECTOR = {"tracing": {"agent": "daemon"}}, {"tracing": {"agent": "collector"}}
SIDECAR = {"tracing": {"agent": "daemon", "placement": "sidecar"}}
OTLP = {"tracing": {"xraySdk": {"enabled": False}}}
EVERY_POD, BACKENDS = "", "backend"
# name -> values before and after, and whose end ends the change. Each begins where the one before it has ended.
AGENTS = {
    "daemon to collector": (DAEMON, COLLECTOR, EVERY_POD),
    "collector to daemon": (COLLECTOR, DAEMON, EVERY_POD),
    "nodes to sidecars": (DAEMON, SIDECAR, BACKENDS),
    "sidecars to nodes": (SIDECAR, COLLECTOR, BACKENDS),
}
WIRES: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "collector to OTLP alone": (COLLECTOR, OTLP),
    "OTLP alone to daemon": (OTLP, DAEMON),
    "daemon to OTLP alone": (DAEMON, OTLP),
}


@pytest.mark.parametrize("name", list(AGENTS))
def test_the_agents_change_under_load(release: Release, store: Store, name: str) -> None:
    """No request fails, and every request has its segments and its spans."""
    before, after, ends_last = AGENTS[name]
    release.ensure(before, quick=False)
    with load(release, RATE) as running:
        release.ensure(after, quick=False)
        release.wait_for_no_leavers(ends_last)
        answers = running.stop()
    found = delivery(answers, store)
    note("switch", {name: str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


@pytest.mark.parametrize("name", list(WIRES))
def test_the_segments_change_under_load(release: Release, store: Store, name: str) -> None:
    """Every request has its spans, those of the pods that send segments have these, and every trace keeps its tree."""
    before, after = WIRES[name]
    release.ensure(before, quick=False)
    first = traces_of_the_routes(release, store, segments=before is not OTLP)
    sending = backends(release) if before is not OTLP else set()
    with load(release, RATE) as running:
        release.ensure(after, quick=False)
        release.wait_for_no_leavers(BACKENDS)
        answers = running.stop()
    sending |= backends(release) if after is not OTLP else set()
    found = delivery(answers, store, segments=False)
    pods = served_by(store, [answer["id"] for answer in answers])
    sent = delivery([answer for answer in answers if pods.get(answer["id"]) in sending], store)
    note("switch", {name: f"{found}; of the pods that send segments: {sent}"})
    assert not found.failed, found.failed[:5]
    assert found.without_span == [], found
    assert 0 < sent.requests < found.requests
    assert sent.without_segment == [], sent
    second = traces_of_the_routes(release, store, segments=after is not OTLP)
    for path in ROUTES:
        compare(f"{name}, {path}", first[path], second[path])


def backends(release: Release) -> set[str]:
    """Return the names of the backend's pods."""
    return {pod["metadata"]["name"] for pod in release.pods("backend")}


def served_by(store: Store, trace_ids: Collection[str]) -> dict[str, str]:
    """Return the pod that answered each request, as its spans say."""
    return {
        trace_id: trace.spans[0]["metadata"]["otel"]["resource"]["k8s.pod.name"]
        for trace_id, trace in store.traces(trace_ids).items()
        if trace.spans
    }


def traces_of_the_routes(release: Release, store: Store, *, segments: bool) -> dict[str, Trace]:
    """Ask one pod for each route, and return the route's trace when it is whole."""
    answers = ask(release, min(backends(release)), ROUTES)
    assert {path: status for path, status, _ in answers} == ROUTES
    found = arrived(store, [trace_id for _, _, trace_id in answers], segments=segments)
    return {path: found[trace_id] for path, _, trace_id in answers}


def compare(name: str, before: Trace, after: Trace) -> None:
    """Check that one trace came by both wires, entry by entry with the same ids, and that all three trees are equal."""
    both, alone = (before, after) if before.segments else (after, before)
    assert ids(both.segments) == ids(both.spans)
    assert not alone.segments
    shown = diff(both.segments, alone.spans)
    note("trees", {name: shown})
    for lines in (shown, diff(both.segments, both.spans)):
        assert lines
        assert [line for line in lines if not line.startswith(SAME)] == [], "\n".join(lines)
