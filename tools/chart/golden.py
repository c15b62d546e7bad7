"""Renders the chart with each value set in charts/cruddur/ci, for a reviewer to see what a change of it changes.

`python -m tools.chart.golden` writes tests/chart/golden/; a test compares. It needs bin/helm.
"""

import subprocess
import sys
from pathlib import Path

from tools.chart.values import CHART

ROOT = CHART.parents[1]
GOLDEN = ROOT / "tests/chart/golden"
SUFFIX = "-values.yaml"


def value_sets() -> dict[str, Path]:
    """Return the value sets by their names."""
    return {file.name.removesuffix(SUFFIX): file for file in sorted((CHART / "ci").glob(f"*{SUFFIX}"))}


def render(values: Path) -> str:
    """Return the manifest that helm makes of the chart with these values."""
    options = ["--namespace", "shop", "--kube-version", "1.34.0", "--values", str(values)]
    command = [str(ROOT / "bin/helm"), "template", "demo", str(CHART), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Write all of them, and remove those without a value set."""
    GOLDEN.mkdir(exist_ok=True)
    texts = {f"{name}.yaml": render(file) for name, file in value_sets().items()}
    for file in GOLDEN.iterdir():
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        (GOLDEN / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
