"""`helm install` with the defaults: all runs, and each pod's requests are one trace, by its own node's agent."""

import json
from collections import defaultdict
from collections.abc import Collection

import pytest

from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import NAME, Release, until
from tests.e2e.kind.store import Store, Trace

pytestmark = pytest.mark.e2e
PODS = {"backend": 2, "daemon": 2, "collector": 2, "operator": 1, "xray-local": 1}
ROUTES = {
    "/api/activities/home": 200,
    "/api/activities/notifications": 200,
    "/api/activities/@andrewbrown": 200,
    "/api/activities/@nobody": 404,
    "/api/activities/fail": 500,
}
# Asks a pod's own app for each route, with a trace id for each, and prints what came.
_ASK = """
import json, secrets, time, urllib.error, urllib.request
for path in {paths!r}:
    root = f"1-{{int(time.time()):08x}}-{{secrets.token_hex(12)}}"
    header = {{"X-Amzn-Trace-Id": f"Root={{root}};Sampled=1"}}
    asked = urllib.request.Request("http://127.0.0.1:4567" + path, headers=header)
    try:
        status = urllib.request.urlopen(asked, timeout=20).status
    except urllib.error.HTTPError as error:
        status = error.code
    print(json.dumps([path, status, root]))
"""


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
    """`helm test` sends a request and finds its trace with both recorders' entries."""
    assert "Succeeded" in release.helm("test", NAME, "--logs")


@pytest.fixture(scope="module")
def asked(release: Release) -> dict[str, list[tuple[str, int, str]]]:
    """Every route of every backend pod, asked once: node -> path, status and trace id of each."""
    release.ensure({"backend": {"failRoute": True}})
    code = _ASK.format(paths=list(ROUTES))
    return {
        pod["spec"]["nodeName"]: [
            tuple(json.loads(line)) for line in release.python(pod["metadata"]["name"], code).splitlines()
        ]
        for pod in release.pods("backend")
    }


def arrived(store: Store, ids: Collection[str]) -> dict[str, Trace]:
    """Wait until each trace has both recorders' entries."""

    def whole() -> dict[str, Trace] | None:
        found = store.traces(ids)
        return (
            found
            if len(found) == len(ids) and all(trace.segments and trace.spans for trace in found.values())
            else None
        )

    found: dict[str, Trace] = until(whole, "each trace has a segment and spans")
    return found


def test_each_route_of_each_pod_is_one_trace(
    asked: dict[str, list[tuple[str, int, str]]], store: Store, cluster: Cluster
) -> None:
    """One id has the segment and the spans; the segment hangs on the server span, which names its pod's node."""
    assert sorted(asked) == cluster.workers()
    for node, answers in asked.items():
        assert {path: status for path, status, _ in answers} == ROUTES
        ids = [root for _, _, root in answers]
        whole = arrived(store, ids)
        for trace in whole.values():
            (segment,) = trace.segments
            servers = {span["id"]: span for span in trace.spans if span["metadata"]["otel"]["kind"] == "SERVER"}
            assert segment["name"] == "backend-flask"
            assert segment["parent_id"] in servers
            assert {span["metadata"]["otel"]["resource"]["k8s.node.name"] for span in servers.values()} == {node}


def test_segments_and_spans_go_by_the_pods_own_node(release: Release, store: Store) -> None:
    """xray-local sees who calls: with requests to one backend alone, its node's agent and collector alone."""
    for backend in release.pods("backend"):
        node = backend["spec"]["nodeName"]
        store.local("DELETE", "requests")
        answers = release.python(backend["metadata"]["name"], _ASK.format(paths=["/api/activities/home"] * 20))
        ids = [line.split('"')[3] for line in answers.splitlines()]
        arrived(store, ids)
        for component, operation in (("daemon", "PutTraceSegments"), ("collector", "PutSpans")):
            here = [pod["status"]["podIP"] for pod in release.pods(component) if pod["spec"]["nodeName"] == node]
            assert list(store.peers(operation)) == here
