"""The figures as rows of a table: what was seen, what was promised, and whether it was reached. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import table
from bench.operator.scale import ListCalls, Restart, Start

HEADER = ("what", "ours", "stock kopf", "ratio", "promised", "verdict")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row; `reached` is None when nothing was promised."""

    what: str
    ours: str
    stock: str = ""
    ratio: str = ""
    promised: str = ""
    reached: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the row's cells."""
        verdict = {True: "reached", False: "MISSED", None: ""}[self.reached]
        return self.what, self.ours, self.stock, self.ratio, self.promised, verdict


@dataclass(slots=True)
class Report:
    """The rows so far."""

    rows: list[Figure] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Add rows."""
        self.rows += figures

    def table(self) -> str:
        """Lay the rows out."""
        return table.markdown(HEADER, [row.cells() for row in self.rows])

    @property
    def broken(self) -> list[str]:
        """What was promised and not reached."""
        return [
            f"{row.what}: {row.ours} {row.ratio}, promised {row.promised}" for row in self.rows if row.reached is False
        ]


def scale(ours: Sequence[Start], stock: Sequence[Start], again: Restart, stock_again: Restart) -> list[Figure]:
    """Return the rows of both operators: medians, and ratios round by round."""
    rate, rate_ratio = _both([start.per_second for start in ours], [start.per_second for start in stock], "{:,.0f}")
    start, start_ratio = _both([start.seconds for start in ours], [start.seconds for start in stock], "{:.1f} s")
    patches, _ = _both([start.patches for start in ours], [start.patches for start in stock], "{:.2f}")
    cpu, cpu_ratio = _both([start.cpu * 1000 for start in ours], [start.cpu * 1000 for start in stock], "{:.2f} ms")
    memory, memory_ratio = _most([start.resident for start in ours], [start.resident for start in stock])
    peak, peak_ratio = _most([start.peak for start in ours], [start.peak for start in stock])
    writes = again.writes, stock_again.writes
    return [
        Figure("first reconcile, objects a second", *rate, _x(rate_ratio), "x 2 or more", rate_ratio >= 2),
        Figure("process start until all 2,000 have a status", *start, _x(start_ratio)),
        Figure("PATCHes per object", *patches, "", "2 or fewer", max(start.patches for start in ours) <= 2),
        Figure("CPU per object, including start", *cpu, _x(cpu_ratio)),
        Figure("memory (RSS), maximum over the rounds", *memory, _x(memory_ratio), "x 1 or less", memory_ratio <= 1),
        Figure("memory, peak", *peak, _x(peak_ratio), "x 1 or less", peak_ratio <= 1),
        Figure("restart, writes", f"{writes[0]:,}", f"{writes[1]:,}", "", "0", writes[0] == 0),
        Figure(
            "restart, CPU seconds", f"{again.cpu:.1f} s", f"{stock_again.cpu:.1f} s", _x(again.cpu / stock_again.cpu)
        ),
    ]


def list_calls(objects: int, seen: ListCalls) -> Figure:
    """Return the row of our operator's reads of AWS."""
    what = f"GetSamplingRules, GetGroups per interval, {objects:,} object{'s' if objects > 1 else ''}"
    return Figure(
        what, f"{seen.rules:g}, {seen.groups:g}", promised="1, 1", reached=(seen.rules, seen.groups) == (1, 1)
    )


def ready(seconds: Sequence[float]) -> Figure:
    """Return the row of the time until Ready."""
    p50, p99 = quantile(seconds, 0.5), quantile(seconds, 0.99)
    return Figure(
        f"25 rules, request until Ready, p50 / p99 of {len(seconds)}",
        f"{p50:.2f} s / {p99:.2f} s",
        promised="p99 1 s or less",
        reached=p99 <= 1,
    )


def repaired(seconds: Sequence[float], interval: float) -> Figure:
    """Return the row of the time until a change in AWS is repaired."""
    most = max(seconds)
    return Figure(
        f"edit in AWS repaired, interval {interval:g} s, p50 / max of {len(seconds)}",
        f"{quantile(seconds, 0.5):.1f} s / {most:.1f} s",
        promised=f"{interval + 1:g} s or less",
        reached=most <= interval + 1,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values stay within."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _both(ours: Sequence[float], stock: Sequence[float], form: str) -> tuple[tuple[str, str], float]:
    texts = form.format(statistics.median(ours)), form.format(statistics.median(stock))
    return texts, table.ratio(ours, stock)


def _most(ours: Sequence[float], stock: Sequence[float]) -> tuple[tuple[str, str], float]:
    most = max(ours), max(stock)
    return (f"{most[0]:.0f} MiB", f"{most[1]:.0f} MiB"), most[0] / most[1]


def _x(ratio: float) -> str:
    return f"x {ratio:.2f}"
