"""`helm install` with the defaults: all runs, and each pod's requests are one trace, by its own node's agent."""

from collections import defaultdict

import pytest

from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import NAME, Release
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import ROUTE, ROUTES, arrived, ask
from tests.e2e.kind.trees import ids

pytestmark = pytest.mark.e2e
PODS = {"backend": 2, "daemon": 2, "collector": 2, "operator": 1, "xray-local": 1}
WITH_FAILING = {**ROUTES, "/api/activities/fail": 500}


@pytest.fixture(scope="module", autouse=True)
def _installed(release: Release) -> None:
    release.install()


def test_all_pods_are_ready(release: Release, cluster: Cluster) -> None:
    """Two backends, an agent and a collector on each node, the operator and xray-local; each part where it belongs."""
    ready = defaultdict(list)
    for pod in release.pods():
        assert all(container["ready"] for container in pod["status"]["containerStatuses"])
        ready[pod["metadata"]["labels"]["app.kubernetes.io/component"]].append(pod["spec"]["nodeName"])
    assert {component: len(nodes) for component, nodes in ready.items()} == PODS
    for component in ("backend", "daemon", "collector"):
        assert sorted(ready[component]) == cluster.workers()


def test_the_release_tests_itself(release: Release) -> None:
    """`helm test` sends a request and finds its trace, by both wires."""
    assert "Succeeded" in release.helm("test", NAME, "--logs")


@pytest.fixture(scope="module")
def asked(release: Release) -> dict[str, list[tuple[str, int, str]]]:
    """Every route of every backend pod, asked once: node -> path, status and trace id of each."""
    release.ensure({"backend": {"extraEnv": [{"name": "CRUDDUR_FAIL_ROUTE", "value": "true"}]}}, quick=False)
    return {
        pod["spec"]["nodeName"]: ask(release, pod["metadata"]["name"], WITH_FAILING) for pod in release.pods("backend")
    }


def test_each_route_of_each_pod_is_one_trace(
    asked: dict[str, list[tuple[str, int, str]]], store: Store, cluster: Cluster
) -> None:
    """Each entry came by both wires with one id; the segment is the server span, which names its pod's node."""
    assert sorted(asked) == cluster.workers()
    for node, answers in asked.items():
        assert {path: status for path, status, _ in answers} == WITH_FAILING
        for trace in arrived(store, [trace_id for _, _, trace_id in answers]).values():
            (segment,) = [document for document in trace.segments if document.get("type") != "subsegment"]
            (server,) = [span for span in trace.spans if span["metadata"]["otel"]["kind"] == "SERVER"]
            assert (segment["id"], segment["name"]) == (server["id"], "backend-flask")
            assert server["metadata"]["otel"]["resource"]["k8s.node.name"] == node
            assert ids(trace.segments) == ids(trace.spans)


def test_segments_and_spans_go_by_the_pods_own_node(release: Release, store: Store) -> None:
    """xray-local sees who calls: with requests to one backend alone, its node's agent and collector alone."""
    for backend in release.pods("backend"):
        node = backend["spec"]["nodeName"]
        store.local("DELETE", "requests")
        arrived(store, [trace_id for _, _, trace_id in ask(release, backend["metadata"]["name"], [ROUTE] * 20)])
        for component, operation in (("daemon", "PutTraceSegments"), ("collector", "PutSpans")):
            here = [pod["status"]["podIP"] for pod in release.pods(component) if pod["spec"]["nodeName"] == node]
            assert list(store.peers(operation)) == here
