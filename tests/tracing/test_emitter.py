"""Segments go out by UDP: never blocking, never raising, and counted when they are lost."""

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cruddur_tracing.agent import Agent
from cruddur_tracing.emitter import PORT_SECONDS, WAITING_MAX, DatagramEmitter
from cruddur_tracing.failures import Failures
from cruddur_tracing.fitting import HEADER
from tests.tracing.conftest import Datagrams, Make


class Entity:
    """What the recorder hands over, as far as the emitter looks at it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def to_dict(self) -> dict[str, Any]:
        """Give the document."""
        return self._document


def agent(port: int, host: str = "127.0.0.1") -> Agent:
    return Agent(host, port, host, port)


@pytest.fixture
def failures() -> Failures:
    """Give counters that start at nothing."""
    return Failures()


@pytest.fixture
def emitter(datagrams: Datagrams, failures: Failures) -> Iterator[DatagramEmitter]:
    """Give an emitter that sends to `datagrams`."""
    made = DatagramEmitter(agent(datagrams.port), failures)
    yield made
    made.close()


def test_a_document_is_one_datagram_with_the_agents_header(emitter: DatagramEmitter, datagrams: Datagrams) -> None:
    """The daemon's protocol: a line of JSON, then the document."""
    emitter.send_entity(Entity({"id": "1"}))
    assert datagrams.raw() == [HEADER + b'{"id":"1"}']


def test_another_agent_can_be_named(emitter: DatagramEmitter, datagrams: Datagrams) -> None:
    """`xray_recorder.configure(daemon_address=)` calls this."""
    emitter.set_daemon_address("127.0.0.1:9")
    emitter.send_entity(Entity({"id": "1"}))
    emitter.set_daemon_address(f"127.0.0.1:{datagrams.port}")
    emitter.send_entity(Entity({"id": "2"}))
    assert datagrams.documents() == [{"id": "2"}]


def test_nobody_listening_is_no_failure(emitter: DatagramEmitter, datagrams: Datagrams, failures: Failures) -> None:
    """UDP does not tell, and a request must not care."""
    datagrams.close()
    for _ in range(3):
        emitter.send_entity(Entity({"id": "1"}))
    assert failures.counts == {}


def test_a_closed_socket_is_counted(emitter: DatagramEmitter, failures: Failures) -> None:
    """Whatever the system says of a send, it does not reach the request."""
    emitter.close()
    emitter.send_entity(Entity({"id": "1"}))
    assert failures.counts == {"segment.lost": 1}


def test_an_oversized_document_is_counted(emitter: DatagramEmitter, datagrams: Datagrams, failures: Failures) -> None:
    """Once for lost metadata, once for a lost document."""
    emitter.send_entity(Entity({"id": "1", "metadata": "x" * 70_000}))
    emitter.send_entity(Entity({"id": "2", "annotations": "x" * 70_000}))
    assert datagrams.documents() == [{"id": "1"}]
    assert failures.counts == {"segment.trimmed": 1, "segment.lost": 1}


def test_metadata_that_cannot_be_written_is_counted(emitter: DatagramEmitter, failures: Failures) -> None:
    """People put anything into it, also a list that contains itself."""
    circle: list[Any] = []
    circle.append(circle)
    emitter.send_entity(Entity({"metadata": circle}))
    assert failures.counts == {"segment.lost": 1}


def test_a_name_is_looked_up_while_segments_wait(datagrams: Datagrams, failures: Failures) -> None:
    """The request that sends first is not the one that waits for the resolver."""
    emitter = DatagramEmitter(agent(datagrams.port, "localhost"), failures)
    arrived = threading.Event()
    emitter.send_entity(Entity({"id": "1"}))
    documents: list[dict[str, Any]] = []
    while not documents:
        arrived.wait(0.01)
        documents = datagrams.documents()
    assert documents == [{"id": "1"}]
    emitter.close()


def test_only_so_many_wait_for_a_name(failures: Failures) -> None:
    """A name that is never known must not fill the memory."""
    emitter = DatagramEmitter(agent(2000, "no-such-host.invalid"), failures)
    for number in range(WAITING_MAX + 2):
        emitter.send_entity(Entity({"id": str(number)}))
    assert failures.counts == {"segment.lost": 2}
    emitter.close()


def test_a_worker_looks_the_name_up_itself(datagrams: Datagrams, failures: Failures) -> None:
    """After a fork the thread of the master is not there."""
    emitter = DatagramEmitter(agent(datagrams.port, "localhost"), failures)
    emitter.restart()
    assert emitter.agent == agent(datagrams.port, "localhost")
    emitter.send_entity(Entity({"id": "1"}))
    documents: list[dict[str, Any]] = []
    while not documents:
        documents = datagrams.documents()
    assert documents == [{"id": "1"}]
    emitter.close()


def test_an_apps_oversized_segment_arrives_in_parts(traced: Make) -> None:
    """End to end: thirty subsegments of 3 KB, which the SDK's own emitter loses."""
    from aws_xray_sdk.core import xray_recorder

    app = traced()

    def busy() -> str:
        for number in range(30):
            with xray_recorder.in_subsegment(f"part {number}") as subsegment:
                subsegment.put_metadata("text", "x" * 3000)
        return "done"

    app.app.add_url_rule("/busy", view_func=busy)
    assert app.client.get("/busy").text == "done"
    segment, *split = app.datagrams.documents()
    assert len(segment["subsegments"]) + len(split) == 30
    assert {(one["trace_id"], one["parent_id"], one["type"]) for one in split} == {
        (segment["trace_id"], segment["id"], "subsegment")
    }


def test_the_port_changes_every_five_seconds(datagrams: Datagrams, failures: Failures) -> None:
    """So that a Service can send the next datagrams to another agent; none is lost, also from many threads."""
    now = [0.0]
    made = DatagramEmitter(agent(datagrams.port), failures, clock=lambda: now[0])
    ports: list[int] = []
    for seconds in (0.0, 4.9, 5.0, 9.9, 10.0):
        now[0] = seconds
        made.send_entity(Entity({"id": str(seconds)}))
        ports += [port for _, port in datagrams.senders()]
    made.close()
    assert ports[0] == ports[1] != ports[2] == ports[3] != ports[4]
    assert failures.counts == {}


def test_no_thread_sends_on_a_closed_port(datagrams: Datagrams, failures: Failures) -> None:
    """Each datagram from four threads arrives, while every one of them wants another port."""
    ticks = itertools.count(step=PORT_SECONDS)
    made = DatagramEmitter(agent(datagrams.port), failures, clock=lambda: float(next(ticks)) // 40)

    def send() -> None:
        for _ in range(20):
            made.send_entity(Entity({"id": "1"}))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    assert (len(datagrams.documents()), failures.counts) == (80, {})
