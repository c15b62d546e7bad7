"""Signals that end the demo: no process outlives it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The demo in a session of its own, as in a terminal; it gets the signal when its first process has just been created.
_INTERRUPTED = """
import os, signal, subprocess, sys
from demo import show

class Popen(subprocess.Popen):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        print("started", self.pid, flush=True)
        os.killpg(0, signal.Signals[sys.argv[1]])

subprocess.Popen = Popen
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup, if the tests run under it, ignores
sys.exit(show.main(["--once"]))
"""


@pytest.mark.process
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_process_that_is_being_started_is_stopped(name: str, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM and a closed terminal are the same; no traceback is printed, and no folder is left."""
    run = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, name],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr, list(tmp_path.iterdir())) == (130, "", [])
    started = run.stdout.split("started ")[1].split()[0]
    assert not Path("/proc", started).exists()


@pytest.mark.process
def test_a_closed_pipe_stops_the_demo(tmp_path: Path) -> None:
    """`make demo | head` prints no traceback and leaves no folder."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        run = subprocess.run(
            [sys.executable, "-m", "demo", "--once"],
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (run.returncode, run.stderr, list(tmp_path.iterdir())) == (130, "", [])
