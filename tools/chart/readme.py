"""The tables of values in the chart's README.md, made from values.yaml.

`python -m tools.chart.readme` writes what follows the mark in the file; with `--check` it compares instead, and
`make check` runs that. What is above the mark is written by hand.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tools.chart.values import CHART, Value, ValuesError, read

MARK = "<!-- What follows is made from values.yaml by `make generate`. -->\n"
HEAD = ("| key | default | |", "|---|---|---|")


def render(text: str, values: Sequence[Value]) -> str:
    """Return the file's text with the tables of these values. Raises ValuesError when the mark is missing."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValuesError(f"README.md has no line '{MARK.strip()}', expected one above the tables")
    return head + mark + "".join(_tables(values))


def _tables(values: Sequence[Value]) -> Iterator[str]:
    """Yield a table for each group of values, and one before them for the values without a group."""
    single = [value for value in values if "." not in value.path]
    yield "\n" + _table(single)
    grouped = (value for value in values if "." in value.path)
    for group, members in groupby(grouped, key=lambda value: value.path.partition(".")[0]):
        yield f"\n### {group}\n\n" + _table(list(members))


def _table(values: Sequence[Value]) -> str:
    rows = (f"| `{value.path}` | `{_cell(_shown(value.default))}` | {_cell(value.description)} |" for value in values)
    return "\n".join([*HEAD, *rows]) + "\n"


def _shown(default: Any) -> str:
    return json.dumps(default, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: Sequence[str], chart: Path = CHART) -> int:
    """Write the file, or compare it."""
    target = chart / "README.md"
    before = target.read_text()
    try:
        text = render(before, read(chart))
    except ValuesError as error:
        print(f"readme: {error}", file=sys.stderr)
        return 1
    if "--check" not in arguments:
        target.write_text(text)
    elif text != before:
        print(f"readme: {target.name} is not what values.yaml says: run `make generate`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
