"""The agent's address in the X-Ray SDKs' notations."""

import pytest

from cruddur_tracing.resilience.network.address import Address, Agent, is_address, is_loopback


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("127.0.0.1:2000", Agent.at("127.0.0.1", 2000)),
        ("xray-daemon:3000", Agent.at("xray-daemon", 3000)),
        ("tcp:10.0.0.1:2001 udp:10.0.0.2:2002", Agent(Address("10.0.0.2", 2002), Address("10.0.0.1", 2001))),
        ("udp:10.0.0.2:2002 tcp:10.0.0.1:2001", Agent(Address("10.0.0.2", 2002), Address("10.0.0.1", 2001))),
        ("[::1]:2000", Agent.at("::1", 2000)),
        ("tcp:[2001:db8::1]:2001 udp:[::1]:2002", Agent(Address("::1", 2002), Address("2001:db8::1", 2001))),
    ],
)
def test_both_notations_are_read(text: str, agent: Agent) -> None:
    """One address for both, or one for each; printing and reading return the same."""
    assert Agent.parse(text) == agent
    assert Agent.parse(str(agent)) == agent


@pytest.mark.parametrize(
    "text",
    [
        *("", "agent", "agent:", ":2000", "agent:x", "agent:0", "agent:65536", "agent:²"),
        *("::1:2000", "[::g]:2000", "[a]:1", "a b:1", "http://a:1", "a/b:1"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "tcp:{}", "tcp:a:1 udp:{}", "tcp:a:1 tcp:{}", "tcp:a:1 udp:b:1 x:{}"])
def test_anything_else_is_an_error(text: str, form: str) -> None:
    """ValueError, whatever is wrong."""
    with pytest.raises(ValueError):  # noqa: PT011 - the settings name the variable and what was expected
        Agent.parse(form.format(text))


def test_an_address_is_told_from_a_name() -> None:
    """A name has to be looked up; what is sent to the loopback interface does not leave the host."""
    assert [is_address(host) for host in ("127.0.0.1", "::1", "agent", "1.2.3")] == [True, True, False, False]
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "10.0.0.1")] == [True, True, True, False]
