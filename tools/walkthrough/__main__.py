"""`make walkthrough`: every step runs the real kubectl or AWS CLI and waits for its result.

A step that does not reach its result ends the run with exit code 1. `--write FILE` keeps the run as a document.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from pytest_xray_local.process import running
from tools import local_cluster
from tools.operator_process import OperatorProcess
from tools.walkthrough.chapters import CHAPTERS, INTERVAL
from tools.walkthrough.terminal import StepFailedError, Terminal

_HEAD = """\
# The operator, step by step

A recorded run of `make walkthrough`: a real API server, kubectl, the AWS CLI, and xray-local in place of AWS.
"""


def _run(folder: Path) -> list[str]:
    """Run all chapters and return their lines."""
    with local_cluster.running(folder) as cluster, running() as local:
        kubeconfig = cluster.operator_client().kubeconfig(folder / "operator.kubeconfig")
        with OperatorProcess(folder, api=local.api, kubeconfig=kubeconfig, interval=INTERVAL) as operator:
            operator.start()
            operator.wait_ready()
            terminal = Terminal(cluster, os.environ | local.environment | {"AWS_PAGER": ""})
            try:
                for chapter in CHAPTERS:
                    chapter(terminal)
            except StepFailedError:
                sys.stderr.write(operator.log[-3000:])
                raise
            return terminal.lines


def main() -> int:
    """Run the walkthrough and return the exit code."""
    parser = argparse.ArgumentParser(prog="walkthrough", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", type=Path, help="keep the run in this file")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            lines = _run(Path(folder))
    except StepFailedError as error:
        sys.stderr.write(f"walkthrough: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("walkthrough: interrupted\n")
        return 130
    if options.write:
        options.write.write_text("\n".join([_HEAD, *lines]).replace("\n\n\n", "\n\n").strip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
