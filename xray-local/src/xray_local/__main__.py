"""`python -m xray_local` is `xray-local`. It imports little, so that Ctrl-C is quiet from the first moment on."""

import os
import signal
import sys


def main() -> None:
    """Run the command line, and exit with its code; with 130 after Ctrl-C, also while modules are imported or unloaded.

    A KeyboardInterrupt could be raised anywhere, also where Python prints it and goes on. `serve` stops in order: its
    event loop handles the signal while it runs, and restores Python's handler.
    """
    signal.signal(signal.SIGINT, _exit)
    from xray_local import cli

    code = cli.main()
    signal.signal(signal.SIGINT, _exit)
    sys.exit(code)


def _exit(*_: object) -> None:
    os._exit(130)


if __name__ == "__main__":
    main()
