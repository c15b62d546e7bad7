"""What is registered is restarted in each child, as long as it is in use."""

import subprocess
import sys

PROGRAM = """
import os
from cruddur_tracing.resilience.forks import restart_in_children

class Thing:
    def __init__(self, name):
        self.name = name
        restart_in_children(self)

    def restart(self):
        print(self.name, "restarted", flush=True)

kept = Thing("kept")
Thing("dropped")
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print("parent", flush=True)
"""


def test_only_what_is_in_use_is_restarted_and_only_in_the_child() -> None:
    """The registration keeps nothing alive."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["kept restarted", "parent"]
