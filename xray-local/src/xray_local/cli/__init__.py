"""The command line: `xray-local serve` and the clients of its API (`traces`, `show`, `put`, `check`).

It draws traces in a terminal, and it is where a process starts: nothing else reads arguments or prints.
"""

from xray_local.cli.command_line import main

__all__ = ["main"]
