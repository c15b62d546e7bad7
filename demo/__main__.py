"""`python -m demo [--once]`: start everything, show it, check it, and run until Ctrl-C.

With --once it exits after the checks. Exit codes: 0 all passed, 1 a check failed, 130 Ctrl-C before the last check.
"""

import sys


def main() -> int:
    """Run the demo and return the exit code: 130 after Ctrl-C, also while its modules are imported."""
    try:
        from demo import show

        return show.main(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
