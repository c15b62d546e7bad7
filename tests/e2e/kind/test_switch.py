"""From the daemon to the collector by one value, and back, under load."""

import pytest

from tests.e2e.kind.release import Release
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 15.0  # requests a second
AGENTS = ("daemon", "collector")


@pytest.mark.parametrize(("before", "after"), [AGENTS, AGENTS[::-1]], ids=["to the collector", "back to the daemon"])
def test_the_agent_changes_under_load(release: Release, store: Store, before: str, after: str) -> None:
    """No request fails, and every request has its segment and its spans."""
    release.ensure({"tracing": {"agent": before}})
    with load(release, RATE) as running:
        release.ensure({"tracing": {"agent": after}})
        release.wait_for_no_leavers()
        answers = running.stop()
    found = delivery(answers, store)
    note("switch", {f"{before} to {after}": str(found)})
    assert not found.failed, found.failed[:5]
    assert (found.without_segment, found.without_span) == ([], []), found
