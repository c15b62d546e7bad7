"""`kubectl apply` of a rule changes what the running pods sample, in every worker of every pod; on each wire."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import ROUTE, share

pytestmark = pytest.mark.e2e
Shares = Mapping[tuple[str, int], tuple[int, int]]  # (pod, process) of a worker -> its requests, and those sampled
READY_SECONDS = 30
FOLLOW_SECONDS = 60  # each worker asks every 10 s whether the rules have changed; a busy machine takes longer
IDLE_SECONDS = 15  # after which a worker without a request follows as well
LOG_SECONDS = 0.5  # a request is logged after its answer has been sent
REQUESTS = 600  # to each pod in one round
ENOUGH = 200  # requests that a worker must have answered in a round for its share to be significant
# The share that a worker samples may miss a rate of 50 % by this much: 3.4 standard deviations of ENOUGH requests.
TOLERANCE = 0.12
WORKERS = 4  # two in each of two pods
# name -> values, and who listens on port 2000
WIRES: dict[str, tuple[Mapping[str, Any], str]] = {
    "segments on": ({"tracing": {"agent": "daemon"}}, "daemon"),
    "segments off": ({"tracing": {"agent": "daemon", "xraySdk": {"enabled": False}}}, "collector"),
}
_SEND = f"""
import urllib.request
from concurrent.futures import ThreadPoolExecutor
def send(_):
    urllib.request.urlopen("http://127.0.0.1:4567{ROUTE}", timeout=20).read()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(send, range({REQUESTS})))
"""


def rule(rate: float) -> dict[str, Any]:
    """Build the rule of all requests to the backend."""
    spec = {
        "priority": 100,
        "fixedRate": rate,
        "reservoirSize": 0,
        "serviceName": "backend-flask",
        "serviceType": "*",
        "host": "*",
        "httpMethod": "*",
        "urlPath": "*",
        "resourceARN": "*",
    }
    api = {"apiVersion": "xray.cruddur.io/v1alpha1", "kind": "XRaySamplingRule"}
    return {**api, "metadata": {"name": "all"}, "spec": spec}


def is_ready(release: Release) -> bool:
    """Return whether the operator has reconciled the last applied generation."""
    (rule,) = release.cluster.items("xsr", "--namespace", release.namespace)
    conditions: list[Mapping[str, Any]] = rule.get("status", {}).get("conditions", [])
    generation = rule["metadata"]["generation"]
    return any(
        (condition["type"], condition["status"], condition["observedGeneration"]) == ("Ready", "True", generation)
        for condition in conditions
    )


def follows(workers: Shares, rate: float, enough: int = ENOUGH) -> bool:
    """Return whether all workers have answered enough requests, and sampled that share of them."""
    allowed = TOLERANCE if 0 < rate < 1 else 0
    is_enough = len(workers) == WORKERS and all(asked >= enough for asked, _ in workers.values())
    return is_enough and all(abs(sampled / asked - rate) <= allowed for asked, sampled in workers.values())


def shares(release: Release) -> Shares:
    """Send a round of requests to all pods at once and return what each worker has answered and sampled of it."""
    before = Counter(request["pod"] for request in release.requests())
    pods = [pod["metadata"]["name"] for pod in release.pods("backend")]
    with ThreadPoolExecutor(len(pods)) as pool:
        list(pool.map(lambda pod: release.python(pod, _SEND), pods))
    time.sleep(LOG_SECONDS)
    later = [
        request for request in release.requests() if before.subtract([request["pod"]]) or before[request["pod"]] < 0
    ]
    return share(later)


def apply(release: Release, rate: float) -> tuple[float, float]:
    """Apply the rule and wait until it is Ready; return when it was applied, and the seconds until then."""
    applied = time.monotonic()
    release.apply(rule(rate))
    until(lambda: is_ready(release), f"the rule with the rate {rate} is Ready", seconds=READY_SECONDS, pause=0.1)
    return applied, time.monotonic() - applied


def sampled(workers: Shares) -> list[str]:
    """Return a line for each worker."""
    return sorted(f"{sampled} of {asked}" for asked, sampled in workers.values())


@pytest.fixture(scope="module", params=list(WIRES), autouse=True)
def wires(release: Release, request: pytest.FixtureRequest) -> Iterator[str]:
    """The release with segments and without; the name of the wires."""
    release.ensure(WIRES[request.param][0])
    yield request.param
    release.kubectl("delete", "xsr/all", "--ignore-not-found", "--timeout=60s")  # or the next operator takes it up


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_a_changed_rate_reaches_every_worker(release: Release, wires: str, rate: float) -> None:
    """The rule becomes Ready, and then the share of new requests follows; how soon is noted, not asserted."""
    applied, ready = apply(release, rate)

    def followers() -> Shares | None:
        workers = shares(release)
        return workers if follows(workers, rate) else None

    workers = until(followers, f"every worker samples {rate:.0%}", seconds=FOLLOW_SECONDS)
    followed = time.monotonic() - applied
    seen = {"ready": round(ready, 1), "followed": round(followed, 1), "sampled": sampled(workers)}
    note("sampling", {f"{wires}, rate {rate}": seen})


def test_workers_without_requests_follow_a_changed_rate(release: Release, wires: str) -> None:
    """15 s after the apply, without any request in between, all requests of each worker follow, from the first on."""
    applied, _ = apply(release, 1.0)
    time.sleep(max(0.0, applied + IDLE_SECONDS - time.monotonic()))
    workers = shares(release)
    note("sampling", {f"{wires}, rate 1.0 after {IDLE_SECONDS} s without a request": sampled(workers)})
    assert follows(workers, 1.0, enough=1), workers


def test_the_rules_come_from_the_agents(release: Release, store: Store, wires: str) -> None:
    """From what listens on port 2000: the daemon, or without segments the collector, whatever the values call agent."""
    _, agent = WIRES[wires]
    release.wait_for_no_leavers()  # a worker keeps its connection to an agent until that has ended
    addresses = {pod["status"]["podIP"] for pod in release.pods(agent)}
    store.local("DELETE", "requests")
    peers = until(lambda: set(store.peers("GetSamplingTargets")), "a worker asks for changes of the rules")
    assert peers <= addresses
