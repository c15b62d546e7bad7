import asyncio
import logging
from collections.abc import Iterator

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.state import indexing
from xray_local.state.region import Region


async def test_the_log_is_indexed_when_nothing_arrives(region: Region) -> None:
    """Nobody has to read for it."""
    for number in range(1, 51):
        region.store.put([document(number)], now=NOW)
    task = asyncio.create_task(indexing.run(region.store, iter(())))
    async with asyncio.timeout(10):
        while region.store.waiting_rows:
            await asyncio.sleep(0.01)
    task.cancel()


async def test_nothing_is_indexed_while_documents_arrive(region: Region) -> None:
    """A burst costs only its log."""
    task = asyncio.create_task(indexing.run(region.store, iter(())))
    for number in range(1, 51):
        region.store.put([document(number)], now=NOW)
        await asyncio.sleep(0)
    assert region.store.waiting_rows == 50
    task.cancel()


async def test_catching_up_lets_others_run(region: Region) -> None:
    """What arrives meanwhile waits for the next reader."""
    for number in range(1, 201):
        region.store.put([document(number, metadata={"filling": "x" * 10_000})], now=NOW)
    task = asyncio.create_task(indexing.catch_up(region.store))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert (region.store.waiting_rows, turns > 20) == (0, True)


async def test_a_store_that_cannot_be_written_is_tried_again(
    region: Region, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk may have room again; it is logged."""
    monkeypatch.setattr(indexing, "ERROR_SECONDS", 0.01)
    region.store.put([document(1)], now=NOW)
    region.store._database.execute("ALTER TABLE documents RENAME TO other")
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(indexing.run(region.store, iter(())))
        async with asyncio.timeout(10):
            while not caplog.records:
                await asyncio.sleep(0.01)
    region.store._database.execute("ALTER TABLE other RENAME TO documents")
    async with asyncio.timeout(10):
        while region.store.waiting_rows:
            await asyncio.sleep(0.01)
    task.cancel()
    assert caplog.records[0].getMessage().startswith("not_indexed reason='the store cannot be written")


async def test_what_else_is_to_do_waits_for_traces_and_for_their_summaries(region: Region) -> None:
    """A process that receives nothing imports nothing more."""
    steps: list[tuple[int, bool]] = []

    def spare() -> Iterator[None]:
        for _ in range(2):
            steps.append((region.store.counts()["traces"], region.store.work()))
            yield

    task = asyncio.create_task(indexing.run(region.store, spare()))
    await asyncio.sleep(3 * indexing.POLL_SECONDS)
    assert steps == []
    region.store.put([document(number) for number in range(1, 21)], now=NOW)
    async with asyncio.timeout(10):
        while len(steps) < 2:
            await asyncio.sleep(0.01)
    assert (steps, task.done()) == ([(20, False), (20, False)], False)
    task.cancel()
