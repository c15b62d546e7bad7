"""The two sampling calls to an agent: unsigned HTTP on one kept-alive TCP connection, never through a proxy.

The agent (the X-Ray daemon, the collector's awsproxy, xray-local) signs and forwards them. Requests are written to the
socket here, and answers are read by `http.client.HTTPResponse`: what instruments `http.client.HTTPConnection` does not
see these calls, and HTTP_PROXY has no effect.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, Final, TypeVar

from cruddur_tracing.sampling.documents import DocumentError, RulesPage, TargetsAnswer, read_rules, read_targets
from cruddur_tracing.sampling.settings import Address
from xray_model import SamplingRule

ANSWER_MAX: Final = 1_000_000  # bytes
PAGES_MAX: Final = 20  # of GetSamplingRules
ERROR_TEXT_MAX: Final = 200  # characters of an agent's own message
CHUNK: Final = 65_536
PATHS: Final = {"GetSamplingRules": "/GetSamplingRules", "GetSamplingTargets": "/SamplingTargets"}

T = TypeVar("T")


class AgentError(Exception):
    """A call that failed; the message is one line with the call, the agent and the reason. `status` is HTTP's."""

    def __init__(self, call: str, address: Address, reason: str, status: int | None = None) -> None:
        super().__init__(f"{call} at {address}: {reason}")
        self.status = status


class Client:
    """The connection of one process to its agent; for one thread. `timeout` is in seconds, for each call."""

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        self._socket: socket.socket | None = None

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

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def interrupt(self) -> None:
        """Let a call that is under way in another thread fail at once."""
        if (connection := self._socket) is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Close the descriptor of a connection that a fork copied; takes no lock that another thread may have held."""
        if self._socket is not None and (descriptor := self._socket.detach()) >= 0:
            os.close(descriptor)
        self._socket = None

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
        deadline = time.monotonic() + self._timeout
        with self._begin(_request(self.address, path, body)) as response:
            answer = bytearray()
            while chunk := response.read1(CHUNK):
                answer += chunk
                if len(answer) > ANSWER_MAX:
                    raise HTTPException(f"the answer has more than {ANSWER_MAX} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError
            if response.length:
                raise IncompleteRead(bytes(answer), response.length)
            if response.will_close:
                self.close()
            return response.status, bytes(answer)

    def _begin(self, request: bytes) -> HTTPResponse:
        if self._socket is not None:
            try:
                return _send(self._socket, request)
            except ConnectionError:  # the agent has closed the idle connection
                self.close()
        self._socket = socket.create_connection(self.address, self._timeout)
        return _send(self._socket, request)


def _request(address: Address, path: str, body: bytes) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {address}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Accept-Encoding: identity",
        "User-Agent: cruddur-tracing",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _send(connection: socket.socket, request: bytes) -> HTTPResponse:
    connection.sendall(request)
    response = HTTPResponse(connection, method="POST")
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    return response


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
