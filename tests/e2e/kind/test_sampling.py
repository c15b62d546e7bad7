"""`kubectl apply` of a rule changes what the running pods sample, in every worker of every pod."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.traffic import ROUTE, share

pytestmark = pytest.mark.e2e
READY_SECONDS = 5
FOLLOW_SECONDS = 30  # the SDK asks for its rules every 10 s, and the daemon's proxy keeps none
LOG_SECONDS = 0.5  # a request is logged after its answer has been sent
REQUESTS = 120  # to each pod in one round
# The share that a worker samples may miss the rate by this much: more than 4 standard deviations of 40 requests.
TOLERANCE = 0.35
_SEND = f"""
import urllib.request
for _ in range({REQUESTS}):
    urllib.request.urlopen("http://127.0.0.1:4567{ROUTE}", timeout=20).read()
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
    """Tell whether the operator has done what the last apply asked for."""
    (one,) = release.cluster.items("xsr", "--namespace", release.namespace)
    conditions: list[Mapping[str, Any]] = one.get("status", {}).get("conditions", [])
    generation = one["metadata"]["generation"]
    return any(
        (condition["type"], condition["status"], condition["observedGeneration"]) == ("Ready", "True", generation)
        for condition in conditions
    )


def shares(release: Release) -> dict[tuple[str, int], tuple[int, int]]:
    """Send a round of requests to each pod and give what each worker has answered and sampled of it."""
    before = Counter(one["pod"] for one in release.requests())
    for pod in release.pods("backend"):
        release.python(pod["metadata"]["name"], _SEND)
    time.sleep(LOG_SECONDS)
    later = [one for one in release.requests() if before.subtract([one["pod"]]) or before[one["pod"]] < 0]
    return share(later)


@pytest.fixture(scope="module", autouse=True)
def _installed(release: Release) -> None:
    release.ensure({})


@pytest.mark.parametrize("rate", [0.0, 1.0, 0.5])
def test_a_changed_rate_reaches_every_worker(release: Release, rate: float) -> None:
    """Ready within 5 s of the apply, and the share of new requests follows within 30 s."""
    release.apply(rule(rate))
    applied = time.monotonic()
    until(lambda: is_ready(release), f"the rule with the rate {rate} is Ready", seconds=READY_SECONDS, pause=0.1)
    ready = time.monotonic() - applied

    def follows() -> bool:
        workers = shares(release)
        assert len(workers) == 4
        return all(
            abs(sampled / asked - rate) <= (TOLERANCE if 0 < rate < 1 else 0) for asked, sampled in workers.values()
        )

    until(follows, f"every worker samples {rate:.0%}", seconds=FOLLOW_SECONDS)
    note("sampling", {f"rate {rate}": {"ready": round(ready, 1), "followed": round(time.monotonic() - applied, 1)}})
