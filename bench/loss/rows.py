"""The rows of the loss benchmark: a scenario with a kind of worker, and the limits for ours."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.loss import scenarios
from bench.loss.outcome import Outcome
from bench.loss.scenarios import Scenario
from bench.loss.trial import WORKERS
from bench.sinks.listener import Mode

LOST_MILLISECONDS = 250
EXIT_SECONDS = 2.0
GROWTH_MIB = 5
SPARE = 2  # threads or descriptors that may come late without being a leak, such as an exporter's connection

Promise = Callable[[Outcome], list[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario with one kind of worker."""

    scenario: str
    worker: str
    title: str
    run: Scenario
    promise: Promise

    @property
    def key(self) -> str:
        """The row's name on the command line."""
        return f"{self.scenario}/{self.worker}"


def nothing_lost(outcome: Outcome) -> list[str]:
    """Return what is wrong if anything was lost or doubled."""
    lost = [f"{outcome.lost:,} lost, promised 0"] if outcome.lost else []
    return lost + ([f"{outcome.doubled:,} doubled, promised 0"] if outcome.doubled else [])


def spans_kept(outcome: Outcome) -> list[str]:
    """Return what is wrong if a span was lost, or a loss was not counted."""
    lost = [f"{outcome.spans.lost:,} spans lost, promised 0"] if outcome.spans.lost else []
    return lost + counted(outcome)


def counted(outcome: Outcome) -> list[str]:
    """Return what is wrong if the library has counted another number than was lost."""
    if outcome.counted == outcome.lost:
        return []
    return [f"{outcome.lost:,} lost, {outcome.counted or 0:,} counted"]


def short_loss(outcome: Outcome) -> list[str]:
    """Return what is wrong if a kill lost more than the newest traffic."""
    longest = max(outcome.ages, default=0.0)
    return [f"{longest:.0f} ms lost, promised {LOST_MILLISECONDS}"] if longest > LOST_MILLISECONDS else []


def quick_exit(outcome: Outcome) -> list[str]:
    """Return what is wrong if the exit took long, or the loss was not counted."""
    longest = max(outcome.exits)
    late = [f"exit after {longest:.1f} s, promised {EXIT_SECONDS:.0f}"] if longest > EXIT_SECONDS else []
    return late + counted(outcome)


def no_growth(outcome: Outcome) -> list[str]:
    """Return what is wrong if the worker's memory, threads or descriptors grew."""
    assert outcome.growth is not None
    before, after = outcome.growth.before, outcome.growth.after
    grown = after.memory - before.memory > GROWTH_MIB
    more = max(after.threads - before.threads, after.descriptors - before.descriptors) > SPARE
    return [f"{outcome.growth}, promised no growth"] if grown or more else []


ALL, THREADS = tuple(WORKERS), ("sync", "gthread")
FAILING = {"refuse": Mode.REFUSE, "hang": Mode.HANG, "reset": Mode.RESET, "503": Mode.UNAVAILABLE}
SCENARIOS: tuple[tuple[str, str, Scenario, Promise, tuple[str, ...]], ...] = (
    ("sigterm", "SIGTERM under load", scenarios.sigterm, nothing_lost, ALL),
    ("sighup", "SIGHUP under load", scenarios.sighup, nothing_lost, ALL),
    ("max-requests", "max_requests", scenarios.max_requests, nothing_lost, ALL),
    ("timeout-sleep", "worker timeout, in time.sleep", scenarios.timeout_in_sleep, nothing_lost, ALL[:2]),
    ("timeout-c", "worker timeout, in a C call", scenarios.timeout_in_c, short_loss, THREADS),
    ("sigkill", "SIGKILL at 25 requests a second", scenarios.sigkill, short_loss, THREADS),
    ("otlp-away", "OTLP sink away, full speed", scenarios.otlp_away, spans_kept, THREADS[:1]),
    ("otlp-away-31", "the same, 31 spans per request", scenarios.otlp_away_31_spans, spans_kept, THREADS[:1]),
    ("agent-away", "agent away, full speed", scenarios.agent_away, counted, THREADS[:1]),
    *(
        (f"exit-{name}", f"SIGTERM, the OTLP sink: {name}", scenarios.failing_exit(mode), quick_exit, THREADS[:1])
        for name, mode in FAILING.items()
    ),
    ("leaks", "many requests", scenarios.leaks, no_growth, THREADS[:1]),
)
ROWS = tuple(
    Row(scenario, worker, title, run, promise)
    for scenario, title, run, promise, workers in SCENARIOS
    for worker in workers
)


def named(names: list[str]) -> list[Row]:
    """Return the rows with these names, which may be a scenario's; all for none."""
    return [row for row in ROWS if not names or row.key in names or row.scenario in names]
