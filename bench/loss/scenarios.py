"""What is done to the app while it serves: signals, kills, sinks that fail, and many requests."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.loss.outcome import Growth, Outcome, Usage
from bench.loss.traffic import hold, occupy
from bench.loss.trial import Trial, trial
from bench.processes import memory
from bench.sinks.client import Sinks
from bench.sinks.listener import Mode

TIMEOUT = ("--timeout", "2")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done: stops and reloads, kills and failing exits, seconds of an outage, requests of the leak test."""

    stops: int = 20
    kills: int = 5
    away: float = 5.0
    requests: int = 200_000


QUICK = Effort(stops=1, kills=1, away=1.5, requests=1_000)


@dataclass(frozen=True, slots=True)
class Run:
    """What a scenario gets: the sinks, the recorder, the kind of worker, and the effort."""

    sinks: Sinks
    recorder: str
    worker: str
    effort: Effort


Scenario = Callable[[Run], Outcome]


def sigterm(run: Run) -> Outcome:
    """SIGTERM in the middle of load."""
    outcome = Outcome()
    for _ in range(run.effort.stops):
        with trial(run.sinks, run.recorder, run.worker) as app:
            with app.traffic() as traffic:
                time.sleep(1.0)
                exits = [app.stop()]
            outcome.add(app.outcome([traffic], exits=exits))
    return outcome


def sighup(run: Run) -> Outcome:
    """SIGHUP in the middle of load, again as soon as all workers are new."""
    with trial(run.sinks, run.recorder, run.worker) as app:
        with app.traffic() as traffic:
            for _ in range(run.effort.stops):
                time.sleep(0.5)
                before = app.workers()
                app.signal(signal.SIGHUP)
                app.wait_replaced(before, all_of_them=True)
            time.sleep(0.5)
        return app.outcome([traffic], exits=[app.stop()])


def max_requests(run: Run) -> Outcome:
    """Workers that end after some 150 requests each."""
    options = ("--max-requests", "150", "--max-requests-jitter", "50")
    with trial(run.sinks, run.recorder, run.worker, *options) as app:
        with app.traffic() as traffic:
            traffic.wait_answered(500 * run.effort.stops)
        outcome = app.outcome([traffic], exits=[app.stop()])
        outcome.notes.append(f"{app.exited()} workers")
        return outcome


def _timeout(run: Run, occupy_worker: Callable[[int], float | None]) -> Outcome:
    """Let requests hang, one after the other, until gunicorn has ended their workers."""
    with trial(run.sinks, run.recorder, run.worker, *TIMEOUT) as app:
        kills = []
        with app.traffic() as traffic:
            for _ in range(run.effort.kills):
                time.sleep(1.0)
                before = app.workers()
                kills.append(occupy_worker(app.served.port))
                app.wait_replaced(before, all_of_them=False)
            time.sleep(1.0)
        times = [kill for kill in kills if kill is not None]
        return app.outcome([traffic], exits=[app.stop()], kills=times)


def timeout_in_sleep(run: Run) -> Outcome:
    """The worker timeout with a request in time.sleep: SIGABRT, and the worker exits."""
    return _timeout(run, lambda port: occupy(port, "/sleep"))


def timeout_in_c(run: Run) -> Outcome:
    """The worker timeout with a request in a C call that holds the interpreter: SIGKILL in the end."""
    return _timeout(run, hold)


def sigkill(run: Run) -> Outcome:
    """SIGKILL of both workers at 25 requests a second."""
    with trial(run.sinks, run.recorder, run.worker) as app:
        kills = []
        with app.traffic(clients=2, rate=25) as traffic:
            for number in range(run.effort.kills):
                time.sleep(2.5 + 0.37 * number)  # not in step with any export interval
                before = app.workers()
                kills.append(time.monotonic())
                for pid in before:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                app.wait_replaced(before, all_of_them=True)
            time.sleep(1.0)
        return app.outcome([traffic], exits=[app.stop()], kills=kills)


def _outage(run: Run, switch: Callable[[Mode], None], children: int) -> Outcome:
    with trial(run.sinks, run.recorder, run.worker, children=children) as app:
        with app.traffic() as traffic:
            time.sleep(run.effort.away * 0.4)
            switch(Mode.REFUSE)
            time.sleep(run.effort.away)
            switch(Mode.OK)
            time.sleep(run.effort.away * 1.4)
        return app.outcome([traffic], exits=[app.stop()])


def otlp_away(run: Run) -> Outcome:
    """The OTLP sink refuses for some seconds at full speed."""
    return _outage(run, run.sinks.set_intake, children=0)


def otlp_away_31_spans(run: Run) -> Outcome:
    """The same with 31 spans per request."""
    return _outage(run, run.sinks.set_intake, children=30)


def agent_away(run: Run) -> Outcome:
    """The agent's UDP and TCP ports refuse for some seconds at full speed."""
    return _outage(run, run.sinks.set_agent, children=0)


def failing_exit(mode: Mode) -> Scenario:
    """Return the scenario of a SIGTERM after 500 requests whose spans the OTLP sink does not take."""

    def run_with(run: Run) -> Outcome:
        outcome = Outcome()
        for _ in range(run.effort.kills):
            with trial(run.sinks, run.recorder, run.worker) as app:
                run.sinks.set_intake(mode)
                with app.traffic() as traffic:
                    traffic.wait_answered(500)
                outcome.add(app.outcome([traffic], exits=[app.stop()]))
        return outcome

    return run_with


def leaks(run: Run) -> Outcome:
    """Many requests to one worker: its memory, threads and descriptors."""
    with trial(run.sinks, run.recorder, run.worker, workers=1) as app:
        with app.traffic() as first:
            first.wait_answered(run.effort.requests // 10)
        before = _usage(app)
        with app.traffic() as rest:
            rest.wait_answered(run.effort.requests - len(first.answered))
        growth = Growth(before, _usage(app))
        outcome = app.outcome([first, rest], exits=[app.stop()])
        outcome.growth = growth
        return outcome


def _usage(app: Trial) -> Usage:
    time.sleep(0.5)
    (worker,) = app.workers()
    folder = Path(f"/proc/{worker}")
    threads, descriptors = (len(list((folder / name).iterdir())) for name in ("task", "fd"))
    return Usage(memory(worker)[0], threads, descriptors)
