"""X-Ray away, a sidecar killed, and both at once with a queue on disk."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chart.real_collector import need_file_storage
from tests.e2e.containers import DOCKER
from tests.e2e.kind import peers, programs
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import DEAD_SECONDS, SETTLE_SECONDS, delivery, load

pytestmark = pytest.mark.e2e
RATE = 10.0  # requests a second
AWAY_SECONDS = 30
SINK = "honeycomb"


@pytest.fixture(scope="module")
def honeycomb(cluster: Cluster) -> Iterator[Store]:
    """A second OTLP sink, in Honeycomb's place."""
    with peers.running(cluster, SINK) as found:
        yield found


@pytest.mark.parametrize("agent", ["daemon", "collector"])
def test_x_ray_away_for_half_a_minute(release: Release, store: Store, honeycomb: Store, agent: str) -> None:
    """Requests and Honeycomb's spans notice nothing; the collector keeps the rest; the daemon's losses are counted."""
    sink = {"enabled": True, "endpoint": f"http://{SINK}.{SINK}.svc:4318", "apiKey": "a-key"}
    release.ensure({"tracing": {"agent": agent}, "destinations": {"honeycomb": sink}})
    release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=0")
    until(lambda: not release.pods("xray-local"), "xray-local is gone")
    release.wait_for_no_leavers("xray-local")
    with load(release, RATE) as running:
        time.sleep(AWAY_SECONDS)
        away = len(running.lines())
        release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=1")
        release.kubectl("rollout", "status", "deployment/cruddur-xray-local", "--timeout=60s")
        running.wait_for(int(10 * RATE))
        answers = running.stop()
    beside = delivery(answers, honeycomb, segments=False)
    assert (beside.failed, beside.without_span) == ([], []), beside
    resumed = delivery(answers[-int(5 * RATE) :], store)
    assert resumed.without_segment == [], resumed
    spans = delivery(answers, store, segments=False)
    assert spans.without_span == [], spans
    found = delivery(answers, store, settle=SETTLE_SECONDS if agent == "collector" else DEAD_SECONDS)
    during = sum(answer["id"] in found.without_segment for answer in answers[:away])
    note(
        "faults",
        {f"X-Ray away for {AWAY_SECONDS} s, {agent}": f"{found}; {during} of {away} segments of that time lost"},
    )
    if agent == "collector":
        assert found.without_segment == []


@contextmanager
def killer(node: str, process: str) -> Iterator[Callable[[], None]]:
    """Return what kills a process of a node the moment it is called: a shell there waits for the word.

    kubectl takes longer than the work that is to be cut off, and gives a second of grace.
    """
    script = f"echo ready; read -r _ && exec pkill -KILL -f '[{process[0]}]{process[1:]}'"  # not this shell itself
    command = [DOCKER, "exec", "--interactive", node, "sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == "ready\n"

        def kill() -> None:
            shell.communicate("now\n", timeout=30)
            assert shell.returncode == 0, f"no process {process} on {node}"

        yield kill


def restarts(pod: Mapping[str, Any]) -> int:
    """Count the restarts of a pod's containers."""
    status = pod["status"]
    return sum(
        container["restartCount"]
        for container in [*status.get("initContainerStatuses", ()), *status["containerStatuses"]]
    )


def test_a_killed_sidecar_costs_no_request(release: Release, store: Store) -> None:
    """Its backend keeps answering, and delivers again once the kubelet has restarted it."""
    release.ensure({"tracing": {"agent": "collector", "placement": "sidecar"}})
    with load(release, RATE) as running:
        victim = release.pods("backend")[0]
        with killer(victim["spec"]["nodeName"], "otelcol-contrib") as kill:
            kill()
        until(
            lambda: sum(map(restarts, release.pods("backend"))) > restarts(victim),
            "the kubelet has started the sidecar",
        )
        release.kubectl("rollout", "status", "deployment/cruddur-backend", "--timeout=60s")
        running.wait_for(int(10 * RATE))
        answers = running.stop()
    resumed = delivery(answers[-int(5 * RATE) :], store)
    assert (resumed.without_segment, resumed.without_span) == ([], []), resumed
    found = delivery(answers, store, settle=DEAD_SECONDS)
    note("faults", {"a sidecar collector killed": str(found)})
    assert not found.failed, found.failed[:5]


def stored_queue(cluster: Cluster, folder: Path) -> dict[str, Any]:
    """Build the values of a collector that keeps its queue in a file and retries soon; spans alone are sent."""
    repository, _, tag = programs.load(cluster, "otelcol", folder).partition(":")
    retry = {"initial_interval": "500ms", "max_interval": "2s"}
    collector = {
        "image": {"repository": repository, "tag": tag},
        "queue": {"volume": {"emptyDir": {}}, "maxElapsedTime": "0s"},
        "config": {"exporters": {"otlp_http/xray-local": {"retry_on_failure": retry}}},
    }
    return {"tracing": {"xraySdk": {"enabled": False}}, "collector": collector}


def test_a_queue_on_disk_loses_nothing(cluster: Cluster, release: Release, store: Store, tmp_path: Path) -> None:
    """All collectors are killed while X-Ray is away: what they had acknowledged arrives later."""
    need_file_storage()
    release.ensure(stored_queue(cluster, tmp_path))
    release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=0")
    release.wait_for_no_leavers("xray-local")
    with load(release, RATE) as running:
        running.wait_for(int(5 * RATE))
        collectors = release.pods("collector")
        before = sum(map(restarts, collectors))
        with ExitStack() as stack:
            kills = [stack.enter_context(killer(pod["spec"]["nodeName"], "otelcol --config")) for pod in collectors]
            for kill in kills:
                kill()
        until(
            lambda: sum(map(restarts, release.pods("collector"))) == before + len(collectors),
            "the kubelets have started the collectors",
        )
        release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=1")
        release.kubectl("rollout", "status", "deployment/cruddur-xray-local", "--timeout=60s")
        running.wait_for(int(2 * RATE))
        answers = running.stop()
    found = delivery(answers, store, segments=False)
    note("faults", {"collectors with a queue on disk killed while X-Ray is away": str(found)})
    assert (found.failed, found.without_span) == ([], []), found
