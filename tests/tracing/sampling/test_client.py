"""The two calls on the wire: one connection, no proxy, and one clear line for every failure."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling.client import AgentError, Client
from tests.tracing.sampling.scripted_agent import DEFAULT, RULES, Reply, answer, scripted_agent
from tests.tracing.served import until

TIMEOUT = 5.0


def client(address: Address, timeout: float = TIMEOUT) -> Client:
    return Client(address, timeout)


def failure(*replies: Reply, timeout: float = TIMEOUT) -> str:
    """Return the message of a failed GetSamplingRules, without the call and the address."""
    with scripted_agent(*replies) as agent:
        calling = client(agent.address, timeout)
        with pytest.raises(AgentError) as raised:
            calling.rules()
        prefix = f"GetSamplingRules at {agent.address}: "
        assert str(raised.value).startswith(prefix)
        assert "\n" not in str(raised.value)
        return str(raised.value).removeprefix(prefix)


def test_calls_share_a_connection() -> None:
    """Their paths are those of X-Ray's API."""
    with scripted_agent(answer(), answer({})) as agent:
        calling = client(agent.address)
        assert [rule.rule_name for rule in calling.rules().rules] == ["Default"]
        assert calling.targets({"SamplingStatisticsDocuments": []}).targets == ()
        assert agent.requests == [
            (1, "/GetSamplingRules", {}),
            (1, "/SamplingTargets", {"SamplingStatisticsDocuments": []}),
        ]
        calling.close()


@pytest.mark.parametrize("header", [(), ("Connection: close",)])
def test_a_connection_that_the_agent_closed_is_opened_again(header: tuple[str, ...]) -> None:
    """Within the same call, whether or not the agent said that it would close it."""
    with scripted_agent(answer(RULES, 200, *header, close=True), answer()) as agent:
        calling = client(agent.address)
        for _ in range(2):
            assert calling.rules().rules
        assert agent.paths == [(1, "/GetSamplingRules"), (2, "/GetSamplingRules")]
        calling.close()


def test_a_failed_call_is_followed_by_a_new_connection() -> None:
    """The old one may lead to a process that is not the agent."""
    with scripted_agent(answer({}, 500), answer()) as agent:
        calling = client(agent.address)
        with pytest.raises(AgentError):
            calling.rules()
        assert calling.rules().rules
        assert [number for number, _ in agent.paths] == [1, 2]
        calling.close()


def test_all_pages_are_read() -> None:
    """Until there is no token."""
    last = {"SamplingRuleRecords": [{"SamplingRule": DEFAULT | {"RuleName": "a", "Priority": 1}}]}
    with scripted_agent(answer(RULES | {"NextToken": "2"}), answer(last)) as agent:
        calling = client(agent.address)
        assert [rule.rule_name for rule in calling.rules().rules] == ["Default", "a"]
        assert [body for _, _, body in agent.requests] == [{}, {"NextToken": "2"}]
        calling.close()


def test_tokens_without_an_end_do_not_loop_for_ever() -> None:
    """Twenty pages are enough for all rules that X-Ray allows."""
    with scripted_agent(*[answer(RULES | {"NextToken": "again"})] * 30) as agent:
        calling = client(agent.address)
        calling.rules()
        assert len(agent.requests) == 20
        calling.close()


def test_chunked_answers_are_read() -> None:
    """As a Go proxy sends them."""
    chunks = [b'{"Sampling', b'RuleRecords": []}', b""]
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    reply = Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    with scripted_agent(reply, reply) as agent:
        calling = client(agent.address)
        for _ in range(2):
            assert calling.rules().rules == ()
        assert [number for number, _ in agent.paths] == [1, 1]
        calling.close()


def test_a_proxy_in_the_environment_has_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent is never behind one; nothing listens where these variables point."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with scripted_agent(answer()) as agent:
        calling = client(agent.address)
        assert calling.rules().rules
        calling.close()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer({"message": "no\x1b[31m\nGET\n/?secret"}, 403), r"HTTP 403: no\x1b[31m"),
        (answer(b"", 502), "HTTP 502: no message"),
        (answer(b"<html>\nbad gateway", 502), "HTTP 502: <html>"),
        (answer({"Message": "x" * 500}, 400), "HTTP 400: " + "x" * 200),
        (answer(b"[1]", 429), "HTTP 429: [1]"),
        (answer(b"rules?"), "the answer is not valid JSON"),
        (answer(b"\xff"), "the answer is not valid JSON"),
        (answer(b"[" * 100_000), "the answer is not valid JSON"),
        (answer([1]), "the answer: [1]: expected an object"),
        (answer({"SamplingRuleRecords": 5}), "SamplingRuleRecords: 5: expected a list"),
        (answer(b" " * 1_000_001), "the answer has more than 1000000 bytes"),
        (Reply(b"SSH-2.0-OpenSSH\r\n", close=True), "the answer is not valid HTTP (BadStatusLine)"),
        (Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", close=True), "the answer is not complete"),
        (Reply(close=True), "remote end closed connection without response"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(reply: Reply, expected: str) -> None:
    """With the call, the agent and what was wrong; an agent's own message is cut, and no control character is left."""
    assert failure(reply) == expected


def test_an_agent_that_does_not_answer_is_a_failure() -> None:
    """After the timeout."""
    assert failure(Reply(hang=True), timeout=0.1) == "no answer within 0.1 s"


def test_an_answer_that_takes_too_long_is_a_failure() -> None:
    """Also if each byte comes in time."""
    assert failure(replace(answer(b"{" + b" " * 200), drip=True), timeout=0.2) == "no answer within 0.2 s"


def test_an_agent_that_is_not_there_is_a_failure(free_port: Callable[[], int]) -> None:
    """The reason is the operating system's."""
    address = Address("127.0.0.1", free_port())
    with pytest.raises(AgentError) as raised:
        client(address).rules()
    assert str(raised.value) == f"GetSamplingRules at {address}: connection refused"


def test_an_interrupted_call_fails_at_once() -> None:
    """The process ends, and does not wait for the agent."""
    with scripted_agent(Reply(hang=True)) as agent:
        calling = client(agent.address, 60.0)
        calling.interrupt()

        def interrupt() -> None:
            until(lambda: agent.requests)
            calling.interrupt()

        interruption = threading.Thread(target=interrupt)
        interruption.start()
        start = time.monotonic()
        with pytest.raises(AgentError):
            calling.rules()
        assert time.monotonic() - start < 30
        interruption.join()


def test_a_closed_connection_is_opened_again() -> None:
    """As after a fork, whose child closes its copy of the descriptor; a second time there is nothing to close."""
    with scripted_agent(answer(), answer()) as agent:
        calling = client(agent.address)
        calling.rules()
        calling.close()
        calling.close()
        assert calling.rules().rules
        assert [number for number, _ in agent.paths] == [1, 2]
        calling.close()
