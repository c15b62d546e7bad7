"""The two sampling calls to an agent: unsigned HTTP on one kept-alive TCP connection, never through a proxy.

The agent (the X-Ray daemon, the collector's awsproxy, xray-local) signs and forwards them.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException, IncompleteRead
from typing import Any, Final, TypeVar

from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.resilience.network.connecting import connect_tcp
from cruddur_tracing.resilience.network.http import Connection, remaining
from cruddur_tracing.sampling.documents import DocumentError, RulesPage, TargetsAnswer, read_rules, read_targets
from xray_model import SamplingRule

ANSWER_MAX: Final = 1_000_000  # bytes
PAGES_MAX: Final = 20  # of GetSamplingRules
ERROR_TEXT_MAX: Final = 200  # characters of an agent's own message
PATHS: Final = {"GetSamplingRules": "/GetSamplingRules", "GetSamplingTargets": "/SamplingTargets"}

T = TypeVar("T")


class AgentError(Exception):
    """A call that failed; the message is one line with the call, the agent and the reason. `status` is HTTP's."""

    def __init__(self, call: str, address: Address, reason: str, status: int | None = None) -> None:
        super().__init__(f"{call} at {address}: {reason}")
        self.status = status


class Client:
    """The connection of one process to its agent; for one thread. `timeout` is in seconds, for each call.

    `reached` takes whether a connection to the agent could be made, or still serves.
    """

    def __init__(self, address: Address, timeout: float, reached: Callable[[bool], None] = lambda _: None) -> None:
        self.address = address
        self._timeout = timeout
        self._reached = reached
        self._connection = Connection(self._connect)
        self.close = self._connection.close
        self.interrupt = self._connection.abort

    def rules(self) -> RulesPage:
        """Return all rules, from as many pages as there are. Raise AgentError."""
        rules: list[SamplingRule] = []
        skipped: list[str] = []
        newest, token = 0.0, None
        for _ in range(PAGES_MAX):
            page = self._call("GetSamplingRules", {"NextToken": token} if token else {}, read_rules)
            rules += page.rules
            skipped += page.skipped
            newest, token = max(newest, page.newest), page.next_token
            if token is None:
                break
        return RulesPage(tuple(rules), tuple(skipped), newest, token)

    def targets(self, request: Mapping[str, Any]) -> TargetsAnswer:
        """Report statistics and return what is assigned. Raise AgentError."""
        return self._call("GetSamplingTargets", request, read_targets)

    def _call(self, call: str, request: Mapping[str, Any], read: Callable[[object], T]) -> T:
        try:
            status, answer = self._exchange(PATHS[call], json.dumps(request).encode())
            if status != 200:
                raise self._failure(call, f"HTTP {status}: {_agent_text(answer)}", status)
            return read(json.loads(answer))
        except TimeoutError as error:
            raise self._failure(call, f"no answer within {self._timeout:g} s") from error
        except (OSError, HTTPException) as error:
            raise self._failure(call, _reason(error)) from error
        except DocumentError as error:
            raise self._failure(call, str(error)) from error
        except (ValueError, RecursionError) as error:
            raise self._failure(call, "the answer is not valid JSON") from error

    def _failure(self, call: str, reason: str, status: int | None = None) -> AgentError:
        # The next call opens a new connection: this one may lead to a process that is no agent, or no longer one.
        self.close()
        return AgentError(call, self.address, reason, status)

    def _exchange(self, path: str, body: bytes) -> tuple[int, bytes]:
        request = _request(self.address, path, body)
        response = self._connection.exchange(request, time.monotonic() + self._timeout, ANSWER_MAX)
        if response.failure is not None:
            raise response.failure
        self._reached(True)
        return response.status, response.body

    def _connect(self, deadline: float) -> socket.socket:
        try:
            connected = connect_tcp(*self.address, remaining(deadline))
        except OSError:
            self._reached(False)
            raise
        self._reached(True)
        return connected


def _request(address: Address, path: str, body: bytes) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {address}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Accept-Encoding: identity",
        "User-Agent: cruddur-tracing",
    )
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def _reason(error: Exception) -> str:
    if isinstance(error, IncompleteRead):
        return "the answer is not complete"
    if isinstance(error, OSError):
        return (error.strerror or str(error) or type(error).__name__).lower()
    return str(error) if type(error) is HTTPException else f"the answer is not valid HTTP ({type(error).__name__})"


def _agent_text(answer: bytes) -> str:
    """Return an agent's own message in one line: AWS's message about a wrong signature ends with the whole request."""
    text = answer.decode(errors="replace")
    try:
        members = json.loads(text)
        text = str(members.get("message") or members.get("Message") or members)
    except (ValueError, RecursionError, AttributeError):
        pass
    first = next(iter(text.strip().splitlines()), "no message")
    return repr(first[:ERROR_TEXT_MAX])[1:-1]
