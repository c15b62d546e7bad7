"""Writes the CRDs into the chart: `python -m tools.operator_crds FOLDER`; `--check` compares them instead."""

import sys
from collections.abc import Sequence
from pathlib import Path

from xray_operator.kubernetes.crds import render
from xray_operator.manifests.kinds import KINDS


def main(arguments: Sequence[str]) -> int:
    """Write or compare the files; return the exit code."""
    check = "--check" in arguments
    [folder] = [Path(argument) for argument in arguments if argument != "--check"]
    outdated = []
    for info in KINDS.values():
        file, text = folder / f"{info.plural}.yaml", render(info)
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            outdated.append(file)
    for file in outdated:
        sys.stderr.write(f"{file} is out of date; run make generate\n")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
