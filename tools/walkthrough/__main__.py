"""`make walkthrough`: every step runs the real kubectl or AWS CLI and waits for its result.

A step that does not reach its result ends the run with exit code 1. `--write FILE` keeps the run as a document.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import local_cluster
from tools.operator_process import OperatorProcess
from tools.walkthrough.chapters import CHAPTERS, INTERVAL
from tools.walkthrough.terminal import StepFailedError, Terminal

_SERVE = ["xray_local", "serve", "--api-port", "0", "--agent-port", "0", "--otlp-port", "0"]
_HEAD = """\
# The operator, step by step

A recorded run of `make walkthrough`: a real API server, kubectl, the AWS CLI, and xray-local in place of AWS.
"""


@contextmanager
def _xray_local() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-m", *_SERVE], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield dict(pair.split("=", 1) for pair in running.stdout.readline().split()[1:])["api"]
        finally:
            running.terminate()


def _run(folder: Path) -> list[str]:
    """Run all chapters and return their lines."""
    with local_cluster.running(folder) as running, _xray_local() as api:
        kubeconfig = running.operator_client().kubeconfig(folder / "operator.kubeconfig")
        with OperatorProcess(folder, api=api, kubeconfig=kubeconfig, interval=INTERVAL) as operator:
            operator.start()
            operator.wait_ready()
            environment = {
                **os.environ,
                "AWS_ENDPOINT_URL_XRAY": api,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_PAGER": "",
            }
            terminal = Terminal(running, environment)
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
