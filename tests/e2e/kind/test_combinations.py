"""Every agent in every place, with segments and without, delivers; with xray-local and with "AWS" outside."""

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from tests.e2e.kind import peers
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 40.0  # requests a second
REQUESTS = 200


# agent, placement, whether segments are sent; in this order an upgrade from one to the next replaces few pods.
WAYS = [
    ("daemon", "node", True),
    ("collector", "node", True),
    ("collector", "sidecar", True),
    ("daemon", "sidecar", True),
    ("collector", "sidecar", False),
    ("collector", "node", False),
]
# The changes under load in test_switch begin and end with every other way to xray-local.
NOT_SWITCHED = [("collector", "sidecar", True), ("collector", "sidecar", False)]


def each(ways: Sequence[tuple[str, str, bool]]) -> pytest.MarkDecorator:
    """Run a test once for each way."""
    ids = [f"{agent if segments else 'segments off'}, {place}" for agent, place, segments in ways]
    return pytest.mark.parametrize(("agent", "placement", "segments"), ways, ids=ids)


def combination(agent: str, placement: str, *, segments: bool) -> dict[str, Any]:
    """Build the values of one combination."""
    return {"tracing": {"agent": agent, "placement": placement, "xraySdk": {"enabled": segments}}}


def delivered(release: Release, store: Store, name: str, *, segments: bool, spans: bool) -> None:
    """Send a load, and find everything of it that is wanted."""
    with load(release, RATE) as running:
        running.wait_for(REQUESTS)
        answers = running.stop()
    found = delivery(answers, store, segments=segments, spans=spans)
    note("combinations", {name: str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found


@each(NOT_SWITCHED)
def test_a_collector_in_the_pod_delivers_to_xray_local(
    release: Release, store: Store, agent: str, placement: str, segments: bool
) -> None:
    """Each request has its spans, and its segments where they are sent."""
    release.ensure(combination(agent, placement, segments=segments))
    name = f"{agent}, {placement}, segments {'on' if segments else 'off'}"
    delivered(release, store, name, segments=segments, spans=True)


@each(WAYS)
def test_every_way_to_aws_is_signed_and_delivers(
    release: Release, aws: Store, agent: str, placement: str, segments: bool
) -> None:
    """With keys from a Secret: PutTraceSegments by the agent, or spans by OTLP; the calls of sampling either way."""
    peers.give_keys(release)
    release.ensure(combination(agent, placement, segments=segments) | peers.outside(peers.AWS))
    name = f"to AWS: {agent}, {placement}, segments {'on' if segments else 'off'}"
    delivered(release, aws, name, segments=segments, spans=not segments)
    operation = "PutTraceSegments" if segments else "PutSpans"
    calls = [call for call in aws.local("GET", "requests") if call["operation"] == operation]
    assert {call["scope"] for call in calls} == {"eu-west-1/xray"}
    part = "backend" if placement == "sidecar" else agent if segments else "collector"
    agents = {pod["status"]["podIP"] for pod in release.pods(part)}
    asked = until(lambda: by_agents(aws, agents), "an agent proxies the workers' calls of sampling")
    assert {call["scope"] for call in asked} == {"eu-west-1/xray"}
    aws.local("DELETE", "requests")


def by_agents(aws: Store, agents: Collection[str]) -> list[dict[str, Any]]:
    """Return the calls of GetSamplingTargets that came from some addresses."""
    calls = aws.local("GET", "requests")
    return [call for call in calls if call["operation"] == "GetSamplingTargets" and call["peer"] in agents]
