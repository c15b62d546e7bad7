"""A name is looked up away from requests, and again when the agent does not answer."""

import queue
import threading

import pytest

from cruddur_tracing.wires.datagrams.resolver import Resolver, look_up
from tests.tracing.wires.conftest import SECONDS


class Names:
    """Answers with what the test puts in; the last address stays."""

    def __init__(self) -> None:
        self.answers: queue.Queue[str] = queue.Queue()
        self.lookups: list[tuple[str, str]] = []

    def look_up(self, host: str) -> str:
        """Wait for the next answer; an empty one is an error."""
        self.lookups.append((host, threading.current_thread().name))
        answer = self.answers.get(timeout=SECONDS)
        if not answer:
            raise OSError("no such host")
        return answer


def test_an_address_is_not_looked_up() -> None:
    """No thread starts."""

    def never(host: str) -> str:
        raise AssertionError(host)

    assert Resolver("127.0.0.1", lambda: None, never).address() == "127.0.0.1"
    assert Resolver("::1", lambda: None, never).address() == "::1"


def test_a_name_is_looked_up_in_a_thread() -> None:
    """The first call returns at once, without an address; the address is announced."""
    changed, names = threading.Event(), Names()
    resolver = Resolver("agent.example", changed.set, names.look_up)
    assert resolver.address() is None
    names.answers.put("10.0.0.9")
    assert changed.wait(SECONDS)
    assert resolver.address() == "10.0.0.9"
    assert names.lookups == [("agent.example", "xray-agent-address")]
    resolver.stop()


def test_an_unknown_name_is_looked_up_again() -> None:
    """A resolver that fails at the start of a pod is no reason to never send."""
    changed, names = threading.Event(), Names()
    resolver = Resolver("agent.example", changed.set, names.look_up)
    names.answers.put("")
    names.answers.put("10.0.0.9")
    assert resolver.address() is None
    assert changed.wait(SECONDS)
    resolver.stop()


def test_a_silent_agents_name_is_looked_up_at_once() -> None:
    """Only another address is announced, and a failed lookup leaves the present one."""
    changed: queue.Queue[None] = queue.Queue()
    names = Names()
    resolver = Resolver("agent.example", lambda: changed.put(None), names.look_up)
    for answer in ("10.0.0.9", "10.0.0.9", "", "10.0.0.10"):
        names.answers.put(answer)
    resolver.address()
    changed.get(timeout=SECONDS)
    while resolver.address() != "10.0.0.10":
        resolver.again()
    changed.get(timeout=SECONDS)
    assert changed.empty()
    names.answers.put("10.0.0.10")
    resolver.stop()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "no-such-host.invalid"])
def test_a_name_that_cannot_be_looked_up_is_no_error(host: str) -> None:
    """The system's resolver raises several kinds."""
    resolver = Resolver(host, lambda: None)
    assert resolver.address() is None
    resolver.stop()


def test_the_systems_resolver_prefers_ipv4() -> None:
    """The agent listens there unless it is told otherwise."""
    assert look_up("localhost") == "127.0.0.1"
    assert look_up("::1") == "::1"
