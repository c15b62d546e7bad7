"""Writes the CRDs into the chart: `python -m tools.operator_crds FOLDER`; `--check` compares them instead."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.generated import write_or_compare
from xray_operator.kubernetes.crds import render
from xray_operator.manifests.kinds import KINDS


def main(arguments: Sequence[str]) -> int:
    """Write or compare the files; return the exit code."""
    [folder] = [Path(argument) for argument in arguments if argument != "--check"]
    files = {folder / f"{info.plural}.yaml": render(info) for info in KINDS.values()}
    return write_or_compare(files, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
