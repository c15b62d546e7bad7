"""A forked process sends its own spans, by its own thread and connection."""

import subprocess
import sys

from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.forking import run
from tests.tracing.wires.otlp.conftest import Backend

PROGRAM = """
import json, os, sys, threading
from cruddur_tracing.wires.otlp.wire import OtlpWire
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.otlp.settings import OtlpSettings
from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

failures = Failures()
wire = OtlpWire(OtlpSettings(sys.argv[1]), failures)
recording = Recording(Pipeline(Resource({}), RandomIdGenerator(), failures), xray_trace_id(1), "shop")

def end(name):
    span = Span(recording, name, 1)
    span.end()
    wire.ended(span)

def report(who):
    print(json.dumps([who, failures.counts]), flush=True)
"""


def test_each_process_sends_its_own(backend: Backend) -> None:
    """What waits at the fork is the parent's; a connection belongs to one process."""
    program = """
end("before")
wire.flush(10)
end("at the fork")
in_child(lambda: (end("child"), wire.flush(10), end("child's last"), wire.shutdown(10), report("child")))
end("after")
wire.shutdown(10)
report("parent")
"""
    assert run(PROGRAM + program, backend.settings().endpoint) == [["child", {}], ["parent", {}]]
    assert backend.names() == dict.fromkeys(["before", "at the fork", "child", "child's last", "after"], 1)
    assert len(set(backend.clients)) == 2


def test_no_lock_of_the_parent_is_held(backend: Backend) -> None:
    """Whatever its threads were about at the fork."""
    program = """
def forever():
    while True:
        end("busy")
        wire.flush(0.01)

for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
for number in range(20):
    in_child(lambda: (end(str(number)), wire.shutdown(10)))
os._exit(0)
"""
    run(PROGRAM + program, backend.settings().endpoint)
    wait_until(lambda: set(backend.names()) - {"busy"} == {str(number) for number in range(20)})


def test_the_end_of_a_process_sends_what_waits(backend: Backend) -> None:
    """In `atexit`, where later versions of Python start no thread, with one from before and without."""
    for first in ("end('early')", "pass"):
        program = f"""
import atexit
{first}
atexit.register(lambda: (end("late"), wire.shutdown(10), report("end")))
"""
        assert run(PROGRAM + program, backend.settings().endpoint) == [["end", {}]]
    assert backend.names() == {"early": 1, "late": 2}


def test_a_killed_process_has_sent_what_is_older_than_its_delay(backend: Backend) -> None:
    """The thread sends by itself, in requests of many spans, while the process does nothing else."""
    program = """
for number in range(100):
    end(str(number))
threading.Event().wait()
"""
    command = [sys.executable, "-c", PROGRAM + program, backend.settings().endpoint]
    with subprocess.Popen(command) as process:
        wait_until(lambda: backend.names() == {str(number): 1 for number in range(100)})
        process.kill()
    assert process.returncode == -9
