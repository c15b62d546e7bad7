"""The command line: `xray-local serve` and the clients of its API (`traces`, `show`, `put`, `check`).

It draws traces in a terminal, and it is where a process starts: nothing else reads arguments or prints.
"""

from collections.abc import Mapping, Sequence


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command line and return the exit code: 130 after Ctrl-C, also while its modules are imported."""
    try:
        from xray_local.cli.command_line import main as run

        return run(arguments, environ)
    except KeyboardInterrupt:
        return 130
