import asyncio
import logging

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.state import indexing
from xray_local.state.region import Region


async def test_the_log_is_indexed_when_nothing_arrives(region: Region) -> None:
    """Nobody has to read for it."""
    for number in range(1, 51):
        region.store.put([document(number)], now=NOW)
    task = asyncio.create_task(indexing.run(region.store))
    async with asyncio.timeout(10):
        while region.store.waiting_rows:
            await asyncio.sleep(0.01)
    task.cancel()


async def test_nothing_is_indexed_while_documents_arrive(region: Region) -> None:
    """A burst costs only its log."""
    task = asyncio.create_task(indexing.run(region.store))
    for number in range(1, 51):
        region.store.put([document(number)], now=NOW)
        await asyncio.sleep(0)
    assert region.store.waiting_rows == 50
    task.cancel()


async def test_a_store_that_cannot_be_written_is_tried_again(
    region: Region, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk may have room again; it is logged."""
    monkeypatch.setattr(indexing, "ERROR_SECONDS", 0.01)
    region.store.put([document(1)], now=NOW)
    region.store._database.execute("ALTER TABLE documents RENAME TO other")
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(indexing.run(region.store))
        async with asyncio.timeout(10):
            while not caplog.records:
                await asyncio.sleep(0.01)
    region.store._database.execute("ALTER TABLE other RENAME TO documents")
    async with asyncio.timeout(10):
        while region.store.waiting_rows:
            await asyncio.sleep(0.01)
    task.cancel()
    assert caplog.records[0].getMessage().startswith("not_indexed reason='the store cannot be written")
