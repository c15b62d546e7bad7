"""`xray-local check URL`: sends a request and waits until its trace has arrived by both wires.

The same check runs on a laptop, in `helm test` and in `skaffold verify`. The request is sampled and has a new trace id.
"""

import argparse
import http.client
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from xray_local.cli import client
from xray_local.cli.client import ClientError
from xray_local.cli.showing import print_trace
from xray_local.errors import CheckError, UsageError
from xray_local.page.frame import formats
from xray_local.traces.body import Body

PAUSE = 0.5  # seconds between two polls
RESPONSE_SECONDS = 10.0
SECONDS_MAX = 3600


@dataclass(frozen=True, slots=True)
class Expected:
    """Whether the trace needs a segment, and the timeout in seconds."""

    segment: bool
    seconds: float


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to a parser."""
    checks = commands.add_parser("check", parents=[common], help="send a request, wait for its trace and draw it")
    checks.add_argument("url", metavar="URL", help="an address of a traced service")
    checks.add_argument("--no-segment", action="store_true", help="expect only spans, since no segments are sent")
    checks.add_argument("--no-trace", action="store_true", help="do not wait for the trace, since it goes to AWS")
    checks.add_argument("--seconds", type=_seconds, default=30.0, help="timeout of the response, and then of the trace")
    checks.set_defaults(command=run)


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < (seconds := float(text)) <= SECONDS_MAX:
            return seconds
    raise UsageError(f"--seconds: {text!r}: expected a number above 0 and at most {SECONDS_MAX}")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send a request and draw its trace; CheckError if it does not arrive whole."""
    if not client.is_url(options.url):
        raise UsageError(f"URL: {options.url!r}: expected http://HOST:PORT/PATH")
    trace_id = request(options.url, options.seconds)
    print(f"GET {options.url} answered, trace id {trace_id}", flush=True)
    if options.no_trace:
        return 0
    expected = Expected(segment=not options.no_segment, seconds=options.seconds)
    bodies = complete_trace(options.endpoint, trace_id, expected)
    print_trace(bodies, environ)
    return 0


def request(url: str, seconds: float) -> str:
    """Send sampled requests until the status is 2xx, and return its trace id; CheckError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        trace_id = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        status = _status(url, trace_id)
        if status.startswith("2"):
            return trace_id
        if time.monotonic() > end:
            raise CheckError(f"GET {url} answered {status} after {seconds:g} s: expected 200")
        time.sleep(PAUSE)


def _status(url: str, trace_id: str) -> str:
    """Return the HTTP status, or the reason why there is none."""
    request = urllib.request.Request(  # noqa: S310 (the scheme is checked on the command line)
        url, headers={"X-Amzn-Trace-Id": f"Root={trace_id};Sampled=1"}
    )
    try:
        with client.open_url(request, RESPONSE_SECONDS) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return str(error.code)
    except (OSError, http.client.HTTPException) as error:
        return repr(client.reason(error))


def complete_trace(endpoint: str, trace_id: str, expected: Expected) -> list[dict[str, Any]]:
    """Wait until the trace is complete and return its documents; CheckError names the wire that is missing."""
    end = time.monotonic() + expected.seconds
    while True:
        problem = "it is not stored"
        try:
            documents = client.documents(endpoint, trace_id)
            problem = missing(documents, segment=expected.segment)
        except ClientError as error:
            documents, problem = [], str(error)
        if not problem:
            return documents
        if time.monotonic() > end:
            raise CheckError(f"trace {trace_id} is incomplete after {expected.seconds:g} s: {problem}")
        time.sleep(PAUSE)


def missing(documents: list[dict[str, Any]], *, segment: bool) -> str:
    """Return what is missing in a trace or unexpected in it; empty if it is complete."""
    spans = sum(Body(document).wire == "otlp" for document in documents)
    segments = len(documents) - spans
    if segments and not segment:
        return f"it has {formats.count(segments, 'segment')}: expected none"
    absent = []
    if segment and not segments:
        absent.append("no segment (check the agent on port 2000)")
    if not spans:
        absent.append("no span (check the collector on port 4318)")
    return f"it has {' and '.join(absent)}" if absent else ""
