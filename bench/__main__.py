"""`python -m bench [ingest|udp|requests|operator ...]`: run the named benchmarks, or all, and print their tables.

Exit with 1 if a promised figure is not reached.
"""

import argparse
import platform
import signal
import sys

from bench import ingest, operator, requests_cost, udp
from bench.processes import BenchError

INGEST_PROMISE = 3.0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(names: list[str], rounds: int) -> list[str]:
    """Run the benchmarks and return the promises that were not kept."""
    broken = []
    if "ingest" in names:
        print("\n## Ingest: 50 segments of about 1.2 KB per PutTraceSegments, one core\n")
        ratio = ingest.run(rounds, calls=400, say=_say)
        if ratio < INGEST_PROMISE:
            broken.append(f"ingest: x {ratio:.1f} of moto's, promised x {INGEST_PROMISE:.0f}")
    if "udp" in names:
        print("\n## UDP: 20,000 datagrams a second for 5 seconds\n")
        lost = udp.run(rate=20_000, seconds=5, say=_say)
        if lost:
            broken.append(f"udp: {lost} datagrams lost, promised 0")
    if "requests" in names:
        print("\n## Cost per request: one sync worker, one route with 1.8 KB of JSON, 4 clients\n")
        requests_cost.run(rounds, seconds=3.0, clients=4, say=_say)
    if "operator" in names:
        print("\n## Operator: 2,000 objects that observe, and 25 managed rules, on a real kube-apiserver\n")
        broken += operator.run(rounds, say=_say)
    return broken


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    everything = ["ingest", "udp", "requests", "operator"]
    parser = argparse.ArgumentParser(prog="bench", description="The measurements behind the documentation's figures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(everything)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default: 5)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in everything]
    if unknown or options.rounds < 1:
        expected = f"NAME: {unknown[0]!r}: expected one of {', '.join(everything)}" if unknown else ""
        parser.error(expected or f"--rounds: '{options.rounds}': expected 1 or more")
    if sys.platform != "linux":
        _say("bench: requires Linux, because it reads CPU times from /proc")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers stop with this process
    print(f"Python {platform.python_version()}, {platform.machine()}")
    try:
        broken = _run(options.names or everything, options.rounds)
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
