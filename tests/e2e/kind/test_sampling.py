"""`kubectl apply` of a rule changes what the running pods sample, in every worker of every pod."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.traffic import ROUTE, share

pytestmark = pytest.mark.e2e
READY_SECONDS = 5
FOLLOW_SECONDS = 30  # the SDK asks for its rules every 10 s, and the daemon's proxy keeps none
LOG_SECONDS = 0.5  # a request is logged after its answer has been sent
REQUESTS = 600  # to each pod in one round
ENOUGH = 200  # requests that a worker must have answered in a round for its share to be significant
# The share that a worker samples may miss a rate of 50 % by this much: 3.4 standard deviations of ENOUGH requests.
TOLERANCE = 0.12
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


def follows(workers: Mapping[tuple[str, int], tuple[int, int]], rate: float) -> bool:
    """Return whether each worker has answered enough requests, and sampled that share of them."""
    allowed = TOLERANCE if 0 < rate < 1 else 0
    return all(asked >= ENOUGH and abs(sampled / asked - rate) <= allowed for asked, sampled in workers.values())


def shares(release: Release) -> dict[tuple[str, int], tuple[int, int]]:
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


@pytest.fixture(scope="module", autouse=True)
def _installed(release: Release) -> Iterator[None]:
    release.ensure({})
    yield
    release.kubectl("delete", "xsr/all", "--ignore-not-found", "--timeout=60s")  # or the next operator takes it up


@pytest.mark.parametrize("rate", [0.0, 1.0, 0.5])
def test_a_changed_rate_reaches_every_worker(release: Release, rate: float) -> None:
    """Ready within 5 s of the apply, and the share of new requests follows within 30 s of it."""
    applied = time.monotonic()
    release.apply(rule(rate))
    until(lambda: is_ready(release), f"the rule with the rate {rate} is Ready", seconds=READY_SECONDS, pause=0.1)
    ready = time.monotonic() - applied

    def followers() -> dict[tuple[str, int], tuple[int, int]] | None:
        workers = shares(release)
        return workers if len(workers) == 4 and follows(workers, rate) else None

    workers = until(followers, f"every worker samples {rate:.0%}", seconds=FOLLOW_SECONDS - ready)
    followed = time.monotonic() - applied
    seen = sorted(f"{sampled} of {asked}" for asked, sampled in workers.values())
    note("sampling", {f"rate {rate}": {"ready": round(ready, 1), "followed": round(followed, 1), "sampled": seen}})
    assert followed <= FOLLOW_SECONDS
