"""The test of `helm test`: one request through the Service, and one trace of both recorders in xray-local.

The chart puts this file into its test's pod. It needs a Python and nothing else, and changes nothing: it sends a
request, with a trace id of its own and the wish to be sampled, and reads.
"""

import argparse
import http.client
import json
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PAUSE = 0.5  # seconds between two looks
ANSWER_SECONDS = 10.0


class TestError(Exception):
    """The test has failed; the text says at which step, and what to look at."""


@dataclass(frozen=True)
class Limit:
    """How long the test may take, from when it is made."""

    seconds: float
    started: float

    def over(self) -> bool:
        """Tell whether that time is over."""
        return time.monotonic() - self.started > self.seconds


def request_once(url: str) -> tuple[str, str]:
    """Send one sampled request; give its trace id and how it was answered ("200", or what went wrong)."""
    trace_id = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    request = urllib.request.Request(url, headers={"X-Amzn-Trace-Id": f"Root={trace_id};Sampled=1"})
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return trace_id, str(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return trace_id, str(error.code)
    except (OSError, http.client.HTTPException) as error:
        return trace_id, str(getattr(error, "reason", error))


def request_until_answered(url: str, limit: Limit) -> str:
    """Send requests until one is answered well; give its trace id. Raises TestError."""
    while True:
        trace_id, answer = request_once(url)
        if answer.startswith("2"):
            print(f"ok: GET {url} with the trace id {trace_id} was answered with {answer}", flush=True)
            return trace_id
        if limit.over():
            after = f"after {limit.seconds:g} s"
            raise TestError(f"GET {url} was answered with {answer} {after}, expected 200; look at the backend's pods")
        time.sleep(PAUSE)


def documents(xray: str, trace_id: str) -> list[dict[str, Any]]:
    """Ask X-Ray for the documents of a trace (BatchGetTraces); none as long as it has none, or does not answer."""
    request = urllib.request.Request(
        f"{xray}/Traces",
        data=json.dumps({"TraceIds": [trace_id]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            traces = json.load(answer)["Traces"]
    except (OSError, http.client.HTTPException) as error:
        print(f"xray-local at {xray} does not answer yet: {error}", flush=True)
        return []
    return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]


def wait_for_trace(xray: str, trace_id: str, *, segment: bool, limit: Limit) -> tuple[int, int]:
    """Wait until both recorders' entries are there, and give how many of each.

    Raises TestError that names who is missing, or is there and should not.
    """
    while True:
        found = documents(xray, trace_id)
        spans = sum("otel" in document.get("metadata", {}) for document in found)
        segments = len(found) - spans
        if segments and not segment:
            raise TestError(f"{trace_id} has {segments} segments of the X-Ray SDK, expected none: it is off")
        if spans and (segments or not segment):
            return segments, spans
        if limit.over():
            break
        time.sleep(PAUSE)
    lacks = []
    if segment and not segments:
        lacks.append("no segment of the X-Ray SDK (look at the agent's pods)")
    if not spans:
        lacks.append("no span of OpenTelemetry (look at the collector's pods)")
    raise TestError(f"{trace_id} has {' and '.join(lacks)} in xray-local after {limit.seconds:g} s")


def main(arguments: Sequence[str]) -> int:
    """Run the steps."""
    parser = argparse.ArgumentParser(description="one request, one trace")
    parser.add_argument("url", help="what to request")
    parser.add_argument("--xray", help="xray-local's address; none: only the request is tested")
    parser.add_argument("--no-segment", action="store_true", help="the X-Ray SDK is off: there must be no segment")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long answer and trace may take")
    options = parser.parse_args(arguments)
    limit = Limit(options.seconds, time.monotonic())
    try:
        trace_id = request_until_answered(options.url, limit)
        if options.xray is None:
            print("xray-local is off: where the trace went is not looked at")
            return 0
        segments, spans = wait_for_trace(options.xray, trace_id, segment=not options.no_segment, limit=limit)
    except TestError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print(f"ok: xray-local has {segments} segments of the X-Ray SDK and {spans} spans of OpenTelemetry under that id")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
