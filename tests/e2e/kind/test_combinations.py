"""Every agent in every place, with the X-Ray SDK and without it, delivers; with xray-local and with "AWS" outside."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.kind import peers
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import Release
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 40.0  # requests a second
REQUESTS = 200
AWS = "aws"


# agent, placement, whether the SDK is on; in this order an upgrade from one to the next replaces few pods.
WAYS = [
    ("daemon", "node", True),
    ("collector", "node", True),
    ("collector", "sidecar", True),
    ("daemon", "sidecar", True),
    ("collector", "sidecar", False),
    ("collector", "node", False),
]
every_way = pytest.mark.parametrize(
    ("agent", "placement", "sdk"), WAYS, ids=[f"{agent if sdk else 'SDK off'}, {place}" for agent, place, sdk in WAYS]
)


def combination(agent: str, placement: str, *, sdk: bool) -> dict[str, Any]:
    """Build the values of one combination."""
    return {"tracing": {"agent": agent, "placement": placement, "xraySdk": {"enabled": sdk}}}


def delivered(release: Release, store: Store, name: str, *, segments: bool, spans: bool) -> None:
    """Send a load, and find everything of it that is wanted."""
    with load(release, RATE) as running:
        running.wait_for(REQUESTS)
        answers = running.stop()
    found = delivery(answers, store, segments=segments, spans=spans)
    note("combinations", {name: str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


@every_way
def test_every_combination_delivers_to_xray_local(
    release: Release, store: Store, agent: str, placement: str, sdk: bool
) -> None:
    """Each request has a segment, when the SDK is on, and its spans."""
    release.ensure(combination(agent, placement, sdk=sdk))
    delivered(release, store, f"{agent}, {placement}, SDK {'on' if sdk else 'off'}", segments=sdk, spans=True)


@pytest.fixture(scope="module")
def aws(cluster: Cluster, release: Release) -> Iterator[Store]:
    """X-Ray outside the release, in AWS's place, with keys in a Secret of the release's namespace."""
    peers.give_keys(release)
    with peers.running(cluster, AWS) as found:
        yield found


@every_way
def test_every_way_to_aws_is_signed_and_delivers(
    release: Release, aws: Store, agent: str, placement: str, sdk: bool
) -> None:
    """With keys from a Secret: PutTraceSegments by the agent, or spans by OTLP to X-Ray's own endpoint."""
    release.ensure(combination(agent, placement, sdk=sdk) | peers.outside(AWS))
    delivered(release, aws, f"to AWS: {agent}, {placement}, SDK {'on' if sdk else 'off'}", segments=sdk, spans=not sdk)
    operation = "PutTraceSegments" if sdk else "PutSpans"
    calls = [call for call in aws.local("GET", "requests") if call["operation"] == operation]
    assert {call["scope"] for call in calls} == {"eu-west-1/xray"}
