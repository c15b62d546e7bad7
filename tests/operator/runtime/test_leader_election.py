"""Leader election in virtual time: candidates with clocks that disagree, around one Lease in memory."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import wraps

from tests.operator.virtual_time import in_virtual_time
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.lease import Lease
from xray_operator.runtime.leader_election import LeaderElector

START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 15


def virtual_time(scenario: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    @wraps(scenario)
    def test() -> None:
        in_virtual_time(scenario)

    return test


@dataclass
class Store:
    """The Lease in etcd."""

    lease: Lease = field(default_factory=Lease)
    version: int = 0


class InMemoryLeases:
    """One candidate's way to the Lease; `is_cut` has every request fail, `hangs` has none answered.

    With `loses_answer` the next write takes effect, and its answer is lost.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_cut = self.hangs = self.loses_answer = False

    async def read(self) -> Lease:
        """Read the Lease."""
        await self._answer()
        return self.store.lease

    async def write(self, lease: Lease) -> Lease:
        """Replace the Lease if nothing was written since it was read."""
        await self._answer()
        if lease.metadata.get("resourceVersion") != self.store.lease.metadata.get("resourceVersion"):
            raise KubernetesError(409, "the Kubernetes API refused: the object has been modified")
        self.store.version += 1
        self.store.lease = replace(lease, metadata={"resourceVersion": str(self.store.version)})
        if self.loses_answer:
            self.loses_answer = False
            raise KubernetesError(0, "the Kubernetes API did not answer: ServerDisconnectedError")
        return self.store.lease

    async def _answer(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_cut:
            raise KubernetesError(0, "the Kubernetes API did not answer: Cannot connect")
        await asyncio.sleep(0.01)


class Candidate:
    """An elector with its own wall clock, which is `skew` ahead."""

    def __init__(self, store: Store, identity: str, skew: timedelta = timedelta()) -> None:
        loop = asyncio.get_running_loop()
        self.leases = InMemoryLeases(store)
        self.elector = LeaderElector(
            self.leases,
            identity,
            SECONDS,
            clock=loop.time,
            now=lambda: START + skew + timedelta(seconds=loop.time()),
        )
        self.task: asyncio.Task[None] | None = None

    async def lead(self) -> None:
        """Acquire the Lease, and renew it in the background."""
        await self.elector.acquire()
        self.task = asyncio.create_task(self.elector.keep())

    async def kill(self) -> None:
        """End without a release."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.wait([self.task])


async def acquisition_seconds(candidate: Candidate) -> float:
    """Return how long a candidate waits until it leads."""
    start = asyncio.get_running_loop().time()
    await candidate.lead()
    return asyncio.get_running_loop().time() - start


@virtual_time
async def test_first_candidate_leads_and_the_second_stands_by() -> None:
    """The Lease has the fields that client-go writes."""
    store = Store()
    first, second = Candidate(store, "first"), Candidate(store, "second")
    await first.lead()
    standby = asyncio.create_task(second.lead())
    await asyncio.sleep(100)
    assert (first.elector.is_leader, second.elector.is_leader, second.elector.leader) == (True, False, "first")
    assert (store.lease.holder, store.lease.seconds, store.lease.transitions) == ("first", SECONDS, 0)
    assert store.lease.acquired == "2026-01-01T00:00:00.010000Z"
    assert store.lease.renewed > "2026-01-01T00:01:37"
    standby.cancel()
    await first.kill()


@virtual_time
async def test_of_two_simultaneous_candidates_one_leads() -> None:
    """The other's creation of the Lease is a conflict."""
    store = Store()
    candidates = [Candidate(store, name) for name in ("first", "second", "third")]
    attempts = [asyncio.create_task(candidate.lead()) for candidate in candidates]
    await asyncio.sleep(5)
    assert [candidate.elector.is_leader for candidate in candidates] == [True, False, False]
    for attempt in attempts:
        attempt.cancel()
    await candidates[0].kill()


@virtual_time
async def test_standby_leads_within_17_seconds_of_a_kill() -> None:
    """After the Lease's duration, whatever its own clock says of the Lease's times."""
    for skew in (timedelta(), timedelta(days=1), timedelta(days=-1)):
        store = Store()
        first, second = Candidate(store, "first"), Candidate(store, "second", skew)
        await first.lead()
        waiting = asyncio.create_task(acquisition_seconds(second))
        await asyncio.sleep(60)
        await first.kill()
        killed = asyncio.get_running_loop().time()
        await waiting
        assert 12 < asyncio.get_running_loop().time() - killed < 17
        assert (store.lease.holder, store.lease.transitions) == ("second", 1)
        await second.kill()


@virtual_time
async def test_standby_leads_within_2_seconds_of_a_release() -> None:
    """A clean end does not wait for the Lease's duration."""
    store = Store()
    first, second = Candidate(store, "first"), Candidate(store, "second")
    await first.lead()
    waiting = asyncio.create_task(second.lead())
    await asyncio.sleep(60.3)
    await first.kill()
    await first.elector.release()
    assert not first.elector.is_leader
    released = asyncio.get_running_loop().time()
    await waiting
    assert asyncio.get_running_loop().time() - released < 2
    await second.kill()


@virtual_time
async def test_leader_that_cannot_renew_stops_before_another_starts() -> None:
    """Whether requests fail or are never answered; 5 seconds remain for what was sent before."""
    for way in ("is_cut", "hangs"):
        store, loop = Store(), asyncio.get_running_loop()
        first, second = Candidate(store, "first"), Candidate(store, "second")
        await first.lead()
        waiting = asyncio.create_task(second.lead())
        await asyncio.sleep(60)
        setattr(first.leases, way, True)
        assert first.task is not None
        await first.task
        stopped = loop.time()
        assert not first.elector.is_leader
        await waiting
        assert loop.time() - stopped > 4.9
        await second.kill()


@virtual_time
async def test_leader_survives_a_short_outage_and_a_lost_answer() -> None:
    """It still holds the Lease, in a version that it has to read."""
    store = Store()
    first = Candidate(store, "first")
    await first.lead()
    first.leases.is_cut = True
    await asyncio.sleep(6)
    first.leases.is_cut, first.leases.loses_answer = False, True
    await asyncio.sleep(60)
    assert first.elector.is_leader
    assert store.lease.transitions == 0
    await first.kill()


@virtual_time
async def test_leader_that_lost_the_lease_to_another_stops_at_its_next_renewal() -> None:
    """An administrator may hand the Lease over."""
    store = Store()
    first = Candidate(store, "first")
    await first.lead()
    await asyncio.sleep(10)
    await first.leases.write(replace(store.lease, holder="second"))
    await asyncio.sleep(4.1)
    assert (first.elector.is_leader, first.elector.leader) == (False, "second")
    assert first.task is not None
    await first.task


@virtual_time
async def test_restarted_process_of_the_same_identity_leads_at_once() -> None:
    """A container that was killed is restarted in its pod: no other process has its name."""
    store = Store()
    first = Candidate(store, "pod")
    await first.lead()
    await asyncio.sleep(10)
    await first.kill()
    restarted = Candidate(store, "pod")
    assert await acquisition_seconds(restarted) < 1
    assert store.lease.transitions == 0
    await restarted.kill()


@virtual_time
async def test_release_empties_a_lease_whose_renewal_was_cancelled() -> None:
    """It took effect before its answer came; the Lease of another is left alone."""
    store = Store()
    first, second = Candidate(store, "first"), Candidate(store, "second")
    await first.lead()
    await first.kill()
    await first.leases.write(replace(store.lease, renewed="later"))
    await first.elector.release()
    assert store.lease.holder == ""
    await second.lead()
    await first.elector.release()
    assert store.lease.holder == "second"
    await second.kill()


@virtual_time
async def test_lease_without_its_spec_is_still_its_holders() -> None:
    """Whether it was replaced (Helm's --force-replace) or deleted: no standby leads before the holder knows."""
    for metadata in ({"resourceVersion": "0"}, {}):
        store = Store()
        first, second = Candidate(store, "first"), Candidate(store, "second")
        await first.lead()
        waiting = asyncio.create_task(second.lead())
        for offset in (60.0, 60.4, 60.8, 61.2, 61.6):
            await asyncio.sleep(offset)
            store.lease = Lease(metadata=metadata)
            await asyncio.sleep(4)
            assert (first.elector.is_leader, second.elector.is_leader) == (True, False)
            assert store.lease.holder == "first"
        waiting.cancel()
        await first.kill()


@virtual_time
async def test_release_does_not_create_a_deleted_lease() -> None:
    """Helm has deleted it with the release."""
    store = Store()
    first = Candidate(store, "first")
    await first.lead()
    await first.kill()
    store.lease = Lease()
    await first.elector.release()
    assert store.lease.metadata == {}
