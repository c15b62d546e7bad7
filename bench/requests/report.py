"""The table of the requests benchmark, and what in it is not as it should be. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from bench import table
from bench.requests.measure import COUNTED, Figures
from bench.requests.variants import VARIANTS, Variant

HEADER = ("variant", "CPU per request", "CPU", "p50", "p99", "boot", "memory", "received")
BASE = VARIANTS[0]


def markdown(variants: Sequence[Variant], figures: Mapping[str, Figures], missing: Mapping[str, str]) -> str:
    """Return the table; a variant that could not run has its reason in place of the figures."""
    rows = [
        _row(variant, figures[variant.key], figures[BASE.key])
        if variant.key in figures
        else (variant.name, f"not available: {missing[variant.key]}", *[""] * (len(HEADER) - 2))
        for variant in variants
    ]
    return table.markdown(HEADER, rows)


def _row(variant: Variant, figures: Figures, base: Figures) -> tuple[str, ...]:
    if figures is base:
        boot, memory = f"{statistics.median(base.boot):.2f} s", f"{statistics.median(base.memory):.0f} MiB"
    else:
        ratio = table.ratio(figures.boot, base.boot)
        boot = f"{_more(figures.boot, base.boot):+.2f} s (x {ratio:.1f})"
        memory = f"{_more(figures.memory, base.memory):+.0f} MiB"
    return (
        variant.name,
        f"{statistics.median(figures.cpu) * 1e6:.0f} us",
        f"x {table.ratio(figures.cpu, base.cpu):.2f}",
        f"x {table.ratio(figures.p50, base.p50):.2f}",
        f"x {table.ratio(figures.p99, base.p99):.2f}",
        boot,
        memory,
        ", ".join(_received(variant, figures)) or "-",
    )


def _more(figures: Sequence[float], base: Sequence[float]) -> float:
    return statistics.median(ours - none for ours, none in zip(figures, base, strict=True))


def _received(variant: Variant, figures: Figures) -> Iterator[str]:
    for name, count in variant.expected.items():
        share = figures.received[count] / figures.sent
        yield f"{name} {'100' if figures.received[count] == figures.sent else f'{share * 100:.1f}'} %"


def remarks(variants: Sequence[Variant], figures: Mapping[str, Figures]) -> list[str]:
    """Return a line for each variant whose sink received less or more than one entry per request."""
    lines: list[str] = []
    for variant in variants:
        if variant.key in figures:
            lines += _remarks(variant, figures[variant.key])
    return lines


def _remarks(variant: Variant, figures: Figures) -> Iterator[str]:
    expected = set(variant.expected.values())
    for name in COUNTED:
        wanted, received = figures.sent if name in expected else 0, figures.received[name]
        if received != wanted:
            yield f"{variant.name}: the sink received {received:,} {name}, expected {wanted:,}"
    if figures.dropped:
        yield f"{variant.name}: the kernel dropped {figures.dropped:,} of the sink's datagrams"


def broken(variants: Sequence[Variant], figures: Mapping[str, Figures]) -> list[str]:
    """Return a line for each promise that was not kept."""
    return [
        f"{variant.name}: {what} {figure:.2f}, promised at most {most:.2f}"
        for variant in variants
        if variant.promise and variant.key in figures
        for what, figure, most in _promised(variant, figures[variant.key], figures[BASE.key])
        if most is not None and figure > most
    ]


def _promised(variant: Variant, figures: Figures, base: Figures) -> Iterator[tuple[str, float, float | None]]:
    assert variant.promise
    yield "CPU ratio", table.ratio(figures.cpu, base.cpu), variant.promise.cpu
    yield "p50 ratio", table.ratio(figures.p50, base.p50), variant.promise.p50
    yield "p99 ratio", table.ratio(figures.p99, base.p99), variant.promise.p99
    yield "boot, seconds more", _more(figures.boot, base.boot), variant.promise.boot
    yield "memory, MiB more", _more(figures.memory, base.memory), variant.promise.memory
