"""Where the programs start: `python -m xray_operator`, which is `xray-operator`, and the plugin of kubectl."""

import sys


def main() -> int:
    """Run `xray-operator` and return the exit code."""
    return _run("main")


def kubectl_main() -> int:
    """Run `kubectl xray` and return the exit code."""
    return _run("kubectl_main")


def kubectl_complete() -> int:
    """Print the candidates for the completion of `kubectl xray`."""
    return _run("kubectl_complete")


def _run(name: str) -> int:
    """Return the exit code of a command line: 130 after Ctrl-C, also while its modules are imported."""
    try:
        from xray_operator import cli

        code: int = getattr(cli, name)()
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
