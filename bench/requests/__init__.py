"""The cost of tracing per request: no tracing, stock recorders, their peers and cruddur_tracing, alternately.

One gunicorn worker on one core, clients and sinks on the others. Each round runs every variant once; the figures are
medians of the round-by-round ratios to the round without tracing. Several processes of each variant are measured: the
same app is up to a fifth slower in one process than in another. Every variant sends to a sink that counts.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.processes import BenchError, cores
from bench.requests import report
from bench.requests.measure import Figures, Measurement, Shape
from bench.requests.variants import VARIANTS, Variant

WARM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to run: how often each variant starts, the rounds after each start and their seconds, and the variants."""

    rounds: int
    seconds: float
    starts: int
    shape: Shape
    only: Sequence[str] = ()


def run(options: Options, say: Callable[[str], None]) -> list[str]:
    """Measure the variants alternately, print the table, and return the promises that were not kept."""
    variants = [variant for variant in VARIANTS if _wanted(variant, options.only)]
    missing = {variant.key: f"{variant.needs} is not installed" for variant in variants if not variant.installed()}
    with ExitStack() as restored:
        restored.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores()[1])
        with Measurement(options.shape, say) as measurement:
            for variant in variants:
                if variant.key not in missing:
                    _start(measurement, variant, missing)
            for number in range(1, options.starts + 1):
                say(f"requests: start {number} of {options.starts}")
                measurement.boot(number)
                measurement.serve(min(options.seconds, WARM_SECONDS))
                measurement.rounds(options.rounds, options.seconds)
                measurement.stop()
    return _print(variants, measurement.figures, missing)


def _wanted(variant: Variant, only: Sequence[str]) -> bool:
    return not only or variant.key in only or variant is VARIANTS[0]


def _start(measurement: Measurement, variant: Variant, missing: dict[str, str]) -> None:
    """Start once what is not ours, to see whether it can run here at all."""
    try:
        measurement.add(variant)
    except BenchError as error:
        if not variant.needs:
            raise
        missing[variant.key] = str(error).strip().splitlines()[-1]


def _print(variants: Sequence[Variant], figures: dict[str, Figures], missing: dict[str, str]) -> list[str]:
    print(report.markdown(variants, figures, missing))
    for line in report.remarks(variants, figures):
        print(line)
    return report.broken(variants, figures)
