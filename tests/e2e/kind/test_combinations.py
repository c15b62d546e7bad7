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


def combination(agent: str, placement: str, *, sdk: bool) -> dict[str, Any]:
    """Build the values of one combination."""
    return {"tracing": {"agent": agent, "placement": placement, "xraySdk": {"enabled": sdk}}}


COMBINATIONS = {
    f"{agent}, {placement}": combination(agent, placement, sdk=True)
    for agent in ("daemon", "collector")
    for placement in ("node", "sidecar")
} | {f"SDK off, {placement}": combination("collector", placement, sdk=False) for placement in ("node", "sidecar")}


def delivered(release: Release, store: Store, name: str, *, segments: bool, spans: bool) -> None:
    """Send a load, and find everything of it that is wanted."""
    with load(release, RATE) as running:
        running.wait_for(REQUESTS)
        answers = running.stop()
    found = delivery(answers, store, segments=segments, spans=spans)
    note("combinations", {name: str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


@pytest.mark.parametrize("name", list(COMBINATIONS))
def test_every_combination_delivers_to_xray_local(release: Release, store: Store, name: str) -> None:
    """Each request has a segment, when the SDK is on, and its spans."""
    release.ensure(COMBINATIONS[name])
    sdk = COMBINATIONS[name]["tracing"]["xraySdk"]["enabled"]
    delivered(release, store, name, segments=sdk, spans=True)


@pytest.fixture(scope="module")
def aws(cluster: Cluster, release: Release) -> Iterator[Store]:
    """X-Ray outside the release, in AWS's place, with keys in a Secret of the release's namespace."""
    peers.give_keys(release)
    with peers.running(cluster, AWS) as found:
        yield found


@pytest.mark.parametrize(
    ("agent", "placement", "sdk"),
    [
        ("daemon", "node", True),
        ("collector", "node", True),
        ("collector", "sidecar", True),
        ("daemon", "sidecar", True),
        ("collector", "sidecar", False),
        ("collector", "node", False),
    ],
    ids=["daemon", "collector", "collector, sidecar", "daemon, sidecar", "SDK off, sidecar", "SDK off, node"],
)
def test_every_way_to_aws_is_signed_and_delivers(
    release: Release, aws: Store, agent: str, placement: str, sdk: bool
) -> None:
    """With keys from a Secret: PutTraceSegments by the agent, or spans by OTLP to X-Ray's own endpoint."""
    release.ensure(combination(agent, placement, sdk=sdk) | peers.outside(AWS))
    delivered(release, aws, f"to AWS: {agent}, {placement}, SDK {'on' if sdk else 'off'}", segments=sdk, spans=not sdk)
    operation = "PutTraceSegments" if sdk else "PutSpans"
    calls = [call for call in aws.local("GET", "requests") if call["operation"] == operation]
    assert {call["scope"] for call in calls} == {"eu-west-1/xray"}
