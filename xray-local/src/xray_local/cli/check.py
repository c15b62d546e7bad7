"""`xray-local check URL`: one request, and one trace with both recorders' entries. Called by `cli`.

The same check on a laptop, in `helm test` and in `skaffold verify`. It changes nothing: it sends one sampled request
with a trace id of its own, and reads the trace until it is whole.
"""

import http.client
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xray_local.cli import client
from xray_local.cli.client import ClientError

PAUSE = 0.5  # seconds between two looks
ANSWER_SECONDS = 10.0


class CheckError(Exception):
    """The check has failed; the text says what is missing, and where to look."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a trace must have, and how long it may take in seconds."""

    segment: bool
    seconds: float


def request(url: str, seconds: float) -> str:
    """Send sampled requests until one is answered with 2xx, and give its trace id; CheckError when none is in time."""
    end = time.monotonic() + seconds
    while True:
        trace_id = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        answer = _answer(url, trace_id)
        if answer.startswith("2"):
            return trace_id
        if time.monotonic() > end:
            raise CheckError(f"GET {url} was answered with {answer} after {seconds:g} s, expected 200")
        time.sleep(PAUSE)


def _answer(url: str, trace_id: str) -> str:
    """Give the status, or what went wrong."""
    asked = urllib.request.Request(  # noqa: S310 (cli has checked the scheme)
        url, headers={"X-Amzn-Trace-Id": f"Root={trace_id};Sampled=1"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 (cli has checked the scheme)
            return str(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return str(error.code)
    except (OSError, http.client.HTTPException) as error:
        return repr(str(getattr(error, "reason", error)))


def whole_trace(
    endpoint: str, trace_id: str, wanted: Wanted, call: Callable[..., dict[str, Any]] = client.call
) -> list[dict[str, Any]]:
    """Wait until the trace has what is wanted and give its documents; CheckError names the recorder that is missing."""
    end = time.monotonic() + wanted.seconds
    while True:
        problem = "xray-local has nothing of it"
        try:
            traces = call(endpoint, "Traces", {"TraceIds": [trace_id]})["Traces"]
            documents = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
            problem = missing(documents, segment=wanted.segment)
        except ClientError as error:
            documents, problem = [], str(error)
        if not problem:
            return documents
        if time.monotonic() > end:
            raise CheckError(f"trace {trace_id} is not whole after {wanted.seconds:g} s: {problem}")
        time.sleep(PAUSE)


def missing(documents: list[dict[str, Any]], *, segment: bool) -> str:
    """Say what a trace lacks, or has too much; nothing when it is as it should be."""
    spans = sum("otel" in document.get("metadata", {}) for document in documents)
    segments = len(documents) - spans
    if segments and not segment:
        return f"it has {segments} segments of the X-Ray SDK, expected none"
    lacks = []
    if segment and not segments:
        lacks.append("no segment of the X-Ray SDK (look at the agent on port 2000)")
    if not spans:
        lacks.append("no span of OpenTelemetry (look at the collector on port 4318)")
    return f"it has {' and '.join(lacks)}" if lacks else ""
