"""The agent's address, and looking up its name away from requests."""

import socket
import threading

import pytest

from cruddur_tracing.agent import Agent, Whereabouts, look_up


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("127.0.0.1:2000", Agent("127.0.0.1", 2000, "127.0.0.1", 2000)),
        ("xray-daemon:3000", Agent("xray-daemon", 3000, "xray-daemon", 3000)),
        ("tcp:10.0.0.1:2001 udp:10.0.0.2:2002", Agent("10.0.0.2", 2002, "10.0.0.1", 2001)),
        ("udp:10.0.0.2:2002 tcp:10.0.0.1:2001", Agent("10.0.0.2", 2002, "10.0.0.1", 2001)),
    ],
)
def test_both_notations_are_read(text: str, agent: Agent) -> None:
    """One address for both, or one for each; printing and reading give the same."""
    assert Agent.parse(text) == agent
    assert Agent.parse(str(agent)) == agent


@pytest.mark.parametrize("text", ["", "agent", "agent:", ":2000", "agent:x", "agent:0", "agent:65536", "agent:²"])
@pytest.mark.parametrize("form", ["{}", "tcp:{}", "tcp:a:1 udp:{}", "tcp:a:1 tcp:{}", "tcp:a:1 udp:b:1 x:{}"])
def test_anything_else_is_an_error(text: str, form: str) -> None:
    """ValueError, whatever is wrong."""
    with pytest.raises(ValueError):  # noqa: PT011 - the settings say what was expected
        Agent.parse(form.format(text))


def test_an_address_is_known_without_a_question() -> None:
    """No thread starts, nothing is looked up."""

    def never(host: str) -> str:
        raise AssertionError(host)

    assert Whereabouts("127.0.0.1", found=lambda: None, look_up=never).address() == "127.0.0.1"


def test_a_name_is_looked_up_in_a_thread() -> None:
    """The first question is answered at once, with None; the answer is announced."""
    found, asked = threading.Event(), []

    def look(host: str) -> str:
        asked.append((host, threading.current_thread().name))
        return "10.0.0.9"

    whereabouts = Whereabouts("agent.example", found.set, look)
    whereabouts.address()
    assert found.wait(10)
    assert whereabouts.address() == "10.0.0.9"
    assert asked == [("agent.example", "xray-agent-address")]
    whereabouts.stop()


def test_a_name_that_is_not_known_is_asked_again() -> None:
    """A resolver that fails at the start of a pod is no reason to never send."""
    found = threading.Event()
    answers = iter(["", "10.0.0.9"])

    def look(host: str) -> str:
        answer = next(answers)
        if not answer:
            raise OSError("no such host")
        return answer

    whereabouts = Whereabouts("agent.example", found.set, look)
    assert whereabouts.address() is None
    assert found.wait(10)
    whereabouts.stop()


def test_the_systems_resolver_is_asked_for_ipv4() -> None:
    """The emitter's socket is of that family."""
    socket.inet_pton(socket.AF_INET, look_up("localhost"))
