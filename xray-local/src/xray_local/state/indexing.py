"""Indexes and summarizes what was stored when nothing arrives, in steps so short that no request waits long."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator

from xray_local.errors import StoreError
from xray_local.state.store import Store

QUIET_SECONDS = 0.25  # without a new document, after which a step may begin
SEARCHED_QUIET_SECONDS = 0.001  # the same between searches, which would otherwise wait for the whole log
SEARCHED_SECONDS = 10.0  # after a search, that more are expected
STEP_SECONDS = 0.005
POLL_SECONDS = 0.05  # while there is nothing to do
ERROR_SECONDS = 5.0  # before the next attempt when the store cannot be written

_logger = logging.getLogger(__name__)


async def run(store: Store, spare: Iterator[None]) -> None:
    """Work until it is cancelled; when a store with traces leaves nothing to do, go one step on in `spare`."""
    while True:
        try:
            await asyncio.sleep(_step(store, time.monotonic, spare))
        except StoreError as error:
            _logger.warning("not_indexed reason=%r", str(error))
            await asyncio.sleep(ERROR_SECONDS)


async def catch_up(store: Store) -> None:
    """Index what is in the log now, a little at a time, so that datagrams are received meanwhile."""
    for _ in range(store.waiting_rows):
        if not store.waiting_rows:
            return
        store.index_some()
        await asyncio.sleep(0)


def _step(store: Store, monotonic: Callable[[], float], spare: Iterator[None]) -> float:
    """Work for a moment if it is quiet; return the seconds until the next step."""
    now = monotonic()
    quiet = SEARCHED_QUIET_SECONDS if now - store.searched_at < SEARCHED_SECONDS else QUIET_SECONDS
    if now - store.appended_at < quiet:
        return quiet
    end = now + STEP_SECONDS
    while store.work():
        if monotonic() >= end:
            return 0.0
    if store.counts()["traces"]:
        next(spare, None)
    return POLL_SECONDS
