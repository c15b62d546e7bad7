"""`python -m bench [NAME ...]`: run the named benchmarks, or all; `--help` lists their names.

`python -m bench profile --only ROW` profiles one row of the requests benchmark.

Exit with 1 if a promised figure is not reached.
"""

import argparse
import platform
import signal
import sys
from collections.abc import Sequence

from bench import first_use, loss, operator, requests
from bench.first_use.parts import KEYS
from bench.loss.rows import ROWS, named
from bench.loss.scenarios import QUICK, Effort
from bench.processes import BenchError
from bench.requests import profile
from bench.requests.measure import Shape
from bench.requests.variants import VARIANTS
from bench.xray_local import ingest, pages, queries, start, udp

INGEST_PROMISE = 8.0
ALL = ("ingest", "udp", "queries", "pages", "start", "first-use", "requests", "loss", "operator")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _ingest(options: argparse.Namespace) -> list[str]:
    print("\n## Ingest: 50 segments of about 1.2 KB per PutTraceSegments, one core\n")
    ratio = ingest.run(options.rounds, calls=400, say=_say)
    return [] if ratio >= INGEST_PROMISE else [f"ingest: x {ratio:.1f} of moto's, promised x {INGEST_PROMISE:.0f}"]


def _udp(_options: argparse.Namespace) -> list[str]:
    print("\n## UDP: 20,000 datagrams a second for 10 seconds\n")
    lost = udp.run(rate=20_000, seconds=10, say=_say)
    return [f"udp: {lost} datagrams lost, promised 0"] if lost else []


def _queries(options: argparse.Namespace) -> list[str]:
    print(f"\n## Queries: {options.traces:,} traces stored\n")
    return queries.run(options.traces, say=_say)


def _pages(options: argparse.Namespace) -> list[str]:
    print(f"\n## Pages: {options.traces:,} traces stored\n")
    return pages.run(options.traces, say=_say)


def _start(options: argparse.Namespace) -> list[str]:
    print(f"\n## Start of xray-local: {options.starts} times, one core\n")
    return start.run(options.starts, say=_say)


def _first_use(options: argparse.Namespace) -> list[str]:
    print("\n## First use: from nothing until each part is of use, with a warm package cache\n")
    return first_use.run(options.only, say=_say)


def _requests(options: argparse.Namespace) -> list[str]:
    shape = Shape(options.clients, options.threads, options.children)
    worker = "one sync worker" if shape.threads == 1 else f"one gthread worker with {shape.threads} threads"
    children = f", {shape.children} children a request" if shape.children else ""
    print(f"\n## Cost per request: {worker}, one route with 1.8 KB of JSON, {shape.clients} clients{children}\n")
    chosen = requests.Options(options.rounds, options.seconds, options.starts, shape, options.only)
    return requests.run(chosen, say=_say)


def _loss(options: argparse.Namespace) -> list[str]:
    print("\n## Loss: two workers, 4 clients at full speed unless said otherwise\n")
    effort = QUICK if options.quick else Effort(requests=options.requests)
    return loss.run(named(options.only), effort, say=_say)


def _operator(options: argparse.Namespace) -> list[str]:
    print("\n## Operator: 2,000 objects that observe, and 25 managed rules, on a real kube-apiserver\n")
    return operator.run(options.rounds, say=_say)


def _profile(options: argparse.Namespace) -> list[str]:
    for variant in VARIANTS:
        if variant.key in (options.only or ["ours"]):
            profile.run(variant, options.seconds, options.children, say=_say)
    return []


RUN = dict(
    zip(ALL, (_ingest, _udp, _queries, _pages, _start, _first_use, _requests, _loss, _operator), strict=True)
) | {"profile": _profile}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="The measurements behind the documentation's figures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(ALL)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; requests: after each start (default: 5)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="ROW", help="first-use, requests, loss: only these rows"
    )
    parser.add_argument(
        "--traces", type=int, default=100_000, help="queries, pages: how many are stored (default: 100,000)"
    )
    parser.add_argument("--starts", type=int, default=5, help="start, requests: how often to start each (default: 5)")
    group = parser.add_argument_group("requests")
    group.add_argument("--seconds", type=float, default=1.0, help="seconds of a round (default: 1)")
    group.add_argument("--clients", type=int, default=4, help="clients that send at a time (default: 4)")
    group.add_argument("--threads", type=int, default=1, help="threads of the worker; from 2 on it is gthread's")
    group.add_argument("--children", type=int, default=0, help="spans or subsegments in each request (default: 0)")
    group = parser.add_argument_group("loss")
    group.add_argument("--quick", action="store_true", help="run each row once, with little load")
    group.add_argument("--requests", type=int, default=200_000, help="requests of the row leaks (default: 200,000)")
    return parser


def _rows(names: Sequence[str]) -> list[str]:
    """Return what --only may name, in their order."""
    rows = [variant.key for variant in VARIANTS] if {"requests", "profile"} & set(names) else []
    if "first-use" in names:
        rows += KEYS
    if "loss" in names:
        rows += dict.fromkeys(name for row in ROWS for name in (row.scenario, row.key))
    return rows


def _problem(options: argparse.Namespace) -> str:
    """Return what is wrong with the command line, or nothing."""
    unknown = [name for name in options.names if name not in RUN]
    if unknown:
        return f"NAME: {unknown[0]!r}: expected one of {', '.join(RUN)}"
    rows = _rows(options.names)
    unknown = [row for row in options.only if row not in rows]
    if unknown:
        return f"--only: {unknown[0]!r}: expected one of {', '.join(rows)}"
    for name in ("rounds", "clients", "threads", "starts", "requests", "traces"):
        if getattr(options, name) < 1:
            return f"--{name}: '{getattr(options, name)}': expected 1 or more"
    return ""


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if problem := _problem(options):
        parser.error(problem)
    if sys.platform != "linux":
        _say("bench: requires Linux, because it reads CPU times from /proc")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers stop with this process
    print(f"Python {platform.python_version()}, {platform.machine()}")
    broken: list[str] = []
    try:
        for name in options.names or ALL:
            broken += RUN[name](options)
    except BenchError as error:
        _say(f"bench: {error}")
        return 1
    except KeyboardInterrupt:
        _say("bench: interrupted")
        return 130
    for text in broken:
        _say(f"bench: {text}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
