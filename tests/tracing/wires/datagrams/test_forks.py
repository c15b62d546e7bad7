"""A forked process sends for itself: its own port, an empty ring, no thread and no lock of its parent's."""

from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.datagrams.conftest import UdpAgent
from tests.tracing.wires.forking import run

PROGRAM = """
import json, os, socket, sys, threading, time
from cruddur_tracing.resilience.network.address import Agent
from cruddur_tracing.wires.datagrams.sender import DatagramSender
from cruddur_tracing.resilience.failures import Failures

host, port = sys.argv[1], int(sys.argv[2])
failures = Failures()
sender = DatagramSender(Agent.at(host, port), failures)

def send(number):
    sender.send(json.dumps({"id": number}).encode())

def report(who):
    print(json.dumps([who, failures.counts, threading.active_count()]), flush=True)
"""


def test_a_child_sends_from_its_own_port(agent: UdpAgent) -> None:
    """Before the fork and after it, in both processes."""
    program = """
send(1)
in_child(lambda: (send(2), report("child")))
send(3)
sender.shutdown(1)
report("parent")
"""
    reports = run(PROGRAM + program, "127.0.0.1", agent.port)
    assert [counts for _, counts, _ in reports] == [{}, {}]
    assert reports[0][2] == 1, "threads of the child"
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1, 3: 1})
    assert agent.senders[0] == agent.senders[2] != agent.senders[1]


def test_what_waits_is_sent_by_the_parent_alone(agent: UdpAgent) -> None:
    """The child keeps and counts its own only."""
    program = """
agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
agent.bind((host, 0))
sender.change_agent(Agent.at(host, agent.getsockname()[1]))
agent.close()
for number in range(10):
    send(number)
in_child(lambda: (report("child"), send(100), send(101), sender.shutdown(0.2), report("child")))
sender.change_agent(Agent.at(host, port))
sender.flush(10)
report("parent")
"""
    reports = run(PROGRAM + program, "127.0.0.1", agent.port)
    assert reports[:2] == [["child", {}, 1], ["child", {"agent.unreachable": 1, "segment.lost": 2}, reports[1][2]]]
    assert reports[2][:2] == ["parent", {"agent.unreachable": 1}]
    wait_until(lambda: agent.numbers() == dict.fromkeys(range(10), 1))


def test_a_child_looks_the_name_up_itself(agent: UdpAgent) -> None:
    """Its parent's thread is not there."""
    program = """
send(1)
sender.flush(10)
in_child(lambda: (send(2), sender.flush(10)))
"""
    run(PROGRAM + program, "localhost", agent.port)
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1})


def test_no_lock_of_the_parent_is_held(agent: UdpAgent) -> None:
    """Whatever its threads were doing at the fork; they send to a port that is never read."""
    program = """
def forever():
    while True:
        send(0)
        failures.note("any", "thing", 0)

deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
deaf.bind((host, 0))
sender.change_agent(Agent.at(host, deaf.getsockname()[1]))
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
for number in range(1, 21):
    in_child(lambda: (sender.change_agent(Agent.at(host, port)), send(number), sender.shutdown(1)))
os._exit(0)
"""
    run(PROGRAM + program, "127.0.0.1", agent.port)
    wait_until(lambda: agent.numbers() == dict.fromkeys(range(1, 21), 1))


def test_the_end_of_a_process_sends_what_waits(agent: UdpAgent) -> None:
    """In `atexit`, where later versions of Python start no thread; the name is being looked up by then."""
    program = """
import atexit
atexit.register(lambda: (send(2), sender.shutdown(2), report("end")))
send(1)
"""
    assert run(PROGRAM + program, "localhost", agent.port)[0][:2] == ["end", {}]
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1})
