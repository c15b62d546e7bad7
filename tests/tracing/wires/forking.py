"""Runs programs that fork."""

import json
import os
import subprocess
import sys

# Defines `in_child(work)`, which returns when the child has ended.
IN_CHILD = """
import os, sys

def in_child(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(child, 0)
"""


def run(program: str, *arguments: object) -> list[list[object]]:
    """Run a program and return the lines of JSON that it reports.

    Its coverage is not measured: a child may wait forever for a lock of coverage that another thread held at the fork.
    """
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", IN_CHILD + program, *map(str, arguments)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environ)
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
