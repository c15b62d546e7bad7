"""`python -m bench.sinks AGENT INTAKE CONTROL RATE`: the sinks on three ports until SIGTERM.

AGENT is the agent's port, UDP and TCP, with one sampling rule of that rate. INTAKE takes OTLP and the peers' protocols.
CONTROL answers GET /counts and /traces, and takes POST /clear, /agent/MODE and /intake/MODE.
"""

import asyncio
import json
import sys
from pathlib import Path

from bench.sinks import protocols
from bench.sinks.listener import Listener, Mode, Request, UdpListener
from bench.sinks.received import Received


class Sinks:
    """The listeners and what they received."""

    def __init__(self, agent: int, intake: int, rate: float) -> None:
        self._agent_port = agent
        self._rate = rate
        self._received = Received()
        self._udp = UdpListener(agent, lambda data: self._received.take(protocols.count_datagram, data))
        self._agent = Listener(agent, self._answer)
        self._intake = Listener(intake, self._answer)

    async def start(self) -> None:
        """Listen on all ports."""
        for listener in (self._udp, self._agent, self._intake):
            await listener.set_mode(Mode.OK)

    async def _answer(self, request: Request) -> bytes:
        return protocols.answer(self._received, self._rate, request)

    async def control(self, request: Request) -> bytes:
        """Answer a call of the benchmark's."""
        match request.path.strip("/").split("/"):
            case ["counts"]:
                dropped = {"dropped": _dropped(self._agent_port)}
                return json.dumps(self._received.counts() | {"socket": dropped}).encode()
            case ["traces"]:
                return json.dumps(self._received.traces()).encode()
            case ["clear"]:
                self._received.clear()
            case ["agent", mode]:
                await self._udp.set_mode(Mode(mode))
                await self._agent.set_mode(Mode(mode))
            case ["intake", mode]:
                await self._intake.set_mode(Mode(mode))
        return b"{}"


def _dropped(port: int) -> int:
    """Return the datagrams that the kernel dropped because this process did not read them in time."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines if int(line.split()[1].rpartition(":")[2], 16) == port)


async def main(agent: int, intake: int, control: int, rate: float) -> None:
    """Serve until the process is stopped."""
    sinks = Sinks(agent, intake, rate)
    await sinks.start()
    await Listener(control, sinks.control).set_mode(Mode.OK)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
