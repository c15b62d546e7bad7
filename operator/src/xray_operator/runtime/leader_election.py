"""Leader election by a Lease, by client-go's rules: of several processes, one writes.

No process compares clocks: a standby measures, by its own clock, for how long the Lease has not changed. A leader that
cannot renew stops writing after two thirds of the Lease's duration, before a standby may take over.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.credentials import CredentialsError
from xray_operator.kubernetes.lease import Lease, Leases

logger = logging.getLogger("xray_operator")
_ERRORS = (KubernetesError, CredentialsError)
# client-go's 15, 10 and 2 seconds, as shares of the first; a standby reads twice as often, for a short failover.
_DEADLINE, _RENEW, _POLL, _ATTEMPT = 10 / 15, 2 / 15, 1 / 15, 5 / 15


class LeaderElector:
    """One candidate; `identity` is unique to the process. Belongs to one event loop, except `is_leader`."""

    def __init__(
        self,
        leases: Leases,
        identity: str,
        seconds: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._leases = leases
        self._identity = identity
        self._seconds = seconds
        self._clock = clock
        self._now = now
        self._lease: Lease | None = None  # as last seen
        self._observed_at = 0.0  # when its spec was first seen
        self._is_fresh = False  # whether the next renewal need not read it
        self._leads_until = float("-inf")
        self._error = ""

    @property
    def is_leader(self) -> bool:
        """Whether this process may write now, from any thread."""
        return self._clock() < self._leads_until

    @property
    def leader(self) -> str | None:
        """The holder's identity, empty if there is none; None before a stored Lease was read."""
        return self._lease.holder if self._lease and self._lease.metadata else None

    async def acquire(self) -> None:
        """Wait until this process leads."""
        while not await self._try():
            expires_in = self._expires_at - self._clock()
            poll = self._seconds * _POLL
            await asyncio.sleep(min(poll, expires_in) if expires_in > 0 else poll)
        logger.info("leader.elected", extra={"identity": self._identity})

    async def keep(self) -> None:
        """Renew the Lease until the leadership is lost."""
        while self.is_leader:
            wait = self._seconds * (_RENEW if self._is_fresh else _POLL)
            await asyncio.sleep(min(wait, max(0.0, self._leads_until - self._clock())))
            if self.is_leader:
                await self._try()
        self._is_fresh = False
        logger.warning("leader.lost", extra={"identity": self._identity, "leader": self.leader})

    async def release(self) -> None:
        """Stop leading, so that a standby takes over without waiting for the Lease's end."""
        self._leads_until, self._is_fresh = float("-inf"), False
        if self._lease is None:
            return
        try:
            async with asyncio.timeout(self._seconds * _ATTEMPT):
                await self._release()
        except (*_ERRORS, TimeoutError) as error:
            self._report(error)

    async def _release(self) -> None:
        """Empty the Lease if it is ours: also by a renewal that was cancelled before its answer. None is created."""
        lease = await self._read()
        if lease.holder != self._identity or not lease.metadata:
            return
        self._observe(await self._leases.write(replace(lease, holder="", seconds=1, renewed=self._time())))
        logger.info("leader.released", extra={"identity": self._identity})

    @property
    def _expires_at(self) -> float:
        return self._observed_at + (self._lease.seconds if self._lease else 0)

    async def _try(self) -> bool:
        """Try to acquire or to renew; return whether this process leads."""
        started = self._clock()
        remaining = self._leads_until - started if self.is_leader else self._seconds
        try:
            async with asyncio.timeout(min(self._seconds * _ATTEMPT, remaining)):
                lease = self._lease if self._lease and self._is_fresh else await self._read()
                if self._is_held_by_another(lease):
                    self._leads_until, self._is_fresh, self._error = float("-inf"), False, ""
                    return False
                self._observe(await self._leases.write(self._claimed(lease)))
        except (*_ERRORS, TimeoutError) as error:
            self._is_fresh = False  # the answer to a renewal may have been lost
            self._report(error)
            return self.is_leader
        self._error, self._is_fresh = "", True
        self._leads_until = started + self._seconds * _DEADLINE
        return True

    async def _read(self) -> Lease:
        return self._observe(await self._leases.read())

    def _is_held_by_another(self, lease: Lease) -> bool:
        return lease.holder not in {"", self._identity} and self._clock() < self._expires_at

    def _claimed(self, lease: Lease) -> Lease:
        claimed = replace(lease, holder=self._identity, seconds=self._seconds, renewed=self._time())
        if lease.holder == self._identity:
            return claimed
        transitions = lease.transitions + bool(lease.renewed)
        return replace(claimed, acquired=claimed.renewed, transitions=transitions)

    def _observe(self, lease: Lease) -> Lease:
        """Keep a Lease as read or written.

        One that was deleted, or replaced by one without a spec, is still its holder's, who does not know it yet.
        """
        earlier = self._lease
        if earlier and earlier.renewed and not lease.renewed:
            lease = replace(earlier, metadata=lease.metadata)
        self._lease = lease
        if lease != earlier:
            self._observed_at = self._clock()
        if lease.holder != self._identity and (earlier is None or earlier.holder != lease.holder):
            logger.info("leader.observed", extra={"leader": lease.holder})
        return lease

    def _report(self, error: Exception) -> None:
        """Log an error once, until an attempt succeeds; a conflict is another candidate's success."""
        text = str(error) or "the Kubernetes API did not answer in time"
        if text != self._error and not (isinstance(error, KubernetesError) and error.is_conflict):
            logger.warning("lease.unavailable", extra={"error": text})
        self._error = text

    def _time(self) -> str:
        return f"{self._now():%Y-%m-%dT%H:%M:%S.%fZ}"
