"""Sends sampled requests at a steady rate until SIGTERM, each with a trace id of its own. Runs in a pod.

`python3 load.py URL RATE` prints a JSON line for each request (id, status or error, times), and at last `{"done": N}`.
"""

import json
import secrets
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from queue import SimpleQueue

CLIENTS = 16
SECONDS = 20.0  # that an answer may take
_printing = threading.Lock()


def write(line: object) -> None:
    """Print a line whole, whichever thread it comes from."""
    with _printing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def request(url: str) -> None:
    """Send one request on a connection of its own, and write how it ended."""
    trace_id = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    asked = urllib.request.Request(
        url, headers={"X-Amzn-Trace-Id": f"Root={trace_id};Parent={secrets.token_hex(8)};Sampled=1"}
    )
    started, status, error = time.time(), 0, ""
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            answer.read()
            status = answer.status
    except urllib.error.HTTPError as problem:
        status = problem.code
    except OSError as problem:
        error = str(problem)
    write({"id": trace_id, "status": status, "error": error, "at": started, "seconds": time.time() - started})


def serve(url: str, work: "SimpleQueue[bool]") -> None:
    """Send a request for each True that comes."""
    while work.get():
        request(url)


def main(url: str, rate: float) -> None:
    """Send until SIGTERM, then wait for what is under way."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    work: SimpleQueue[bool] = SimpleQueue()
    clients = [threading.Thread(target=serve, args=(url, work)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    sent, began = 0, time.monotonic()
    while not stopping.wait(max(0.0, began + sent / rate - time.monotonic())):
        work.put(True)
        sent += 1
    for _ in clients:
        work.put(False)
    for client in clients:
        client.join()
    write({"done": sent})


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
