import asyncio
import errno
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from tests.xray_local.otlp import otlp_text, span
from tests.xray_local.samples import body, text, trace_id
from xray_local.ingest import udp
from xray_local.state.region import Region
from xray_local.state.store.append_log import MemoryLog
from xray_local.traces.documents import SegmentError

HEADER = '{"format":"json","version":1}\n'


class Sender:
    """Sends datagrams and waits until they are stored or refused."""

    def __init__(self, region: Region, address: tuple[str, int]) -> None:
        self.region = region
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(address)

    def send(self, *datagrams: str) -> None:
        """Send, without waiting."""
        for datagram in datagrams:
            self.socket.send(datagram.encode())

    async def until(self, done: Callable[[dict[str, int | str]], bool]) -> None:
        """Wait until health is as expected."""
        async with asyncio.timeout(20):
            while not done(self.region.health()):
                await asyncio.sleep(0.001)


@pytest.fixture
async def sender(region: Region) -> AsyncIterator[Sender]:
    """A running listener and a socket connected to it."""
    bound = udp.bind("127.0.0.1", 0)
    listener = udp.UdpListener(region, bound)
    listener.start()
    sending = Sender(region, bound.getsockname())
    yield sending
    sending.socket.close()
    listener.stop()


async def test_spans_of_adot_are_stored(sender: Sender) -> None:
    """OTLP as text after the same header."""
    sender.send(HEADER + otlp_text(span()), HEADER + "T1S%", HEADER + text(2))
    await sender.until(lambda health: (health["spans"], health["segments"], health["rejected"]) == (1, 1, 1))


async def test_a_segment_of_the_sdk_is_stored(sender: Sender) -> None:
    """A header line, then the document."""
    sender.send(HEADER + text(1))
    await sender.until(lambda health: health["segments"] == 1)
    [document] = sender.region.store.parsed(trace_id(1))
    assert document.body == body(1)


async def test_a_burst_is_stored_completely(sender: Sender) -> None:
    """2,000 datagrams before the first one is read."""
    sender.send(*(HEADER + text(number) for number in range(1, 1001)), *(HEADER + text(1, n) for n in range(2, 1002)))
    await sender.until(lambda health: health["segments"] == 2000)
    assert sender.region.health()["traces"] == 1000


async def test_a_refused_datagram_is_counted_and_the_next_is_stored(
    sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged at most once a minute."""
    with caplog.at_level(logging.WARNING):
        sender.send("nonsense", "", HEADER, HEADER + "{", HEADER + text(1))
        await sender.until(lambda health: (health["rejected"], health["segments"]) == (4, 1))
    [record] = caplog.records
    assert record.getMessage().startswith("datagram_rejected reason='the datagram does not start with ")


async def test_the_listener_survives_an_error_of_the_store(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a full disk; the datagrams are counted, and later ones are stored."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(MemoryLog, "append", full)
        sender.send(HEADER + text(1))
        await sender.until(lambda health: health["rejected"] == 1)
        assert sender.region.health()["status"] == "the store cannot be written: No space left on device"
    sender.send(HEADER + text(2))
    await sender.until(lambda health: (health["status"], health["segments"]) == ("ok", 1))


async def test_stop_stores_what_has_arrived(region: Region) -> None:
    """A burst right before SIGTERM is not lost."""
    bound = udp.bind("127.0.0.1", 0)
    listener = udp.UdpListener(region, bound)
    listener.start()
    sending = Sender(region, bound.getsockname())
    sending.send(*(HEADER + text(number) for number in range(1, 301)))
    sending.socket.close()
    listener.stop()
    assert region.health()["segments"] == 300


async def test_a_datagram_waits_for_others_only_while_many_arrive(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few are stored at once; what waits is stored when the listener stops, and nothing is left to do."""
    monkeypatch.setattr(udp, "PAUSE_SECONDS", 3600.0)
    bound = udp.bind("127.0.0.1", 0)
    listener = udp.UdpListener(region, bound)
    listener.start()
    sending = Sender(region, bound.getsockname())
    for number in (1, 2):
        sending.send(HEADER + text(number))
        await sending.until(lambda health, count=number: health["segments"] == count)  # type: ignore[misc]
    sending.send(*(HEADER + text(number) for number in range(3, 3 + udp.BUSY)))
    await sending.until(lambda health: health["segments"] == 2 + udp.BUSY)
    sending.send(HEADER + text(100))
    await sending.until(lambda _: region.counters["datagrams"] == 3 + udp.BUSY)
    assert region.health()["segments"] == 2 + udp.BUSY
    sending.socket.close()
    listener.stop()
    assert region.health()["segments"] == 3 + udp.BUSY


@pytest.mark.parametrize(
    "header",
    ['{"format":"json","version":1}', '{"version": 1, "format": "json"}', '{"format": "json", "version": 1 } '],
)
def test_the_header_may_be_any_equal_json(header: str) -> None:
    """SDKs of other languages use spaces."""
    assert udp.segment_text(f"{header}\n{text(1)}".encode()) == text(1)


@pytest.mark.parametrize(
    "datagram",
    ["", "\n", text(1), '{"format":"json"}\n{}', '{"format":"xml","version":1}\n{}', "[1]\n{}", "[" * 60_000 + "\n{}"],
)
def test_a_datagram_without_its_header_is_refused(datagram: str) -> None:
    """With what is expected."""
    with pytest.raises(SegmentError) as caught:
        udp.segment_text(datagram.encode())
    assert caught.value.message == f"the datagram does not start with {HEADER.strip()} and a newline"


def test_a_document_may_contain_newlines() -> None:
    """Only the first one ends the header."""
    document = json.dumps(body(1), indent=2)
    assert udp.segment_text((HEADER + document).encode()) == document
