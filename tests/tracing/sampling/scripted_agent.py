"""An agent's TCP port that answers what a test scripts: for what a real agent does not do on request."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cruddur_tracing.resilience.network.address import Address

WILDCARDS = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
DEFAULT = {"RuleName": "Default", "Priority": 10000, "FixedRate": 0.05, "ReservoirSize": 1, "Version": 1} | WILDCARDS
RULES = {"SamplingRuleRecords": [{"SamplingRule": DEFAULT}]}


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent for one request.

    `hang` keeps the connection open without sending more, `close` closes it, `drip` sends single bytes.
    """

    raw: bytes = b""
    close: bool = False
    hang: bool = False
    drip: bool = False


def answer(body: object = RULES, status: int = 200, *headers: str, close: bool = False) -> Reply:
    """Return a reply with a JSON body, or with bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *headers]
    return Reply("\r\n".join(lines).encode() + b"\r\n\r\n" + content, close=close)


@dataclass(slots=True)
class ScriptedAgent:
    """The requests that arrived: the connection's number, the path, and the body."""

    address: Address
    requests: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def paths(self) -> list[tuple[int, str]]:
        """The connection's number and the path of each request."""
        return [(connection, path) for connection, path, _ in self.requests]


@contextmanager
def scripted_agent(*replies: Reply) -> Iterator[ScriptedAgent]:
    """Run an agent that sends these replies, one for each request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        agent = ScriptedAgent(Address("127.0.0.1", server.getsockname()[1]))
        thread = threading.Thread(target=_serve, args=(server, agent, replies))
        thread.start()
        try:
            yield agent
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, agent: ScriptedAgent, replies: Sequence[Reply]) -> None:
    script, number = iter(replies), 0
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        number += 1
        with connection:
            _converse(connection, number, agent, script)


def _converse(connection: socket.socket, number: int, agent: ScriptedAgent, script: Iterator[Reply]) -> None:
    with connection.makefile("rb") as stream:
        while request := stream.readline():
            length = 0
            while (line := stream.readline().strip()) and b":" in line:
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = json.loads(stream.read(length))
            agent.requests.append((number, request.split()[1].decode(), body))
            reply = next(script)
            try:
                for part in [bytes([byte]) for byte in reply.raw] if reply.drip else [reply.raw]:
                    connection.sendall(part)
                    time.sleep(0.01 if reply.drip else 0)
            except OSError:  # the client has given up
                return
            if reply.hang:
                stream.read(1)
            if reply.close or reply.hang:
                return
