"""A benchmark's figures as a Markdown table, and ratios over the rounds."""

import statistics
from collections.abc import Sequence


def ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the rounds' ratios, which is stable if the machine's speed drifts."""
    return statistics.median(value / reference for value, reference in zip(values, base, strict=True))


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns are also aligned in a terminal."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(header), rule, *map(line, rows)])
