"""`xray-local put FILE`: sends the segments and spans in a file."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xray_local.cli import client
from xray_local.cli.files import trace_files
from xray_local.errors import UsageError

REFUSED_MAX = 10  # documents whose errors are printed
BATCH = 50  # documents in one call, as the X-Ray daemon sends them
FILE = (
    "segment documents (an array, an object or JSON lines), the output of batch-get-traces, a trace's JSON from the"
    " page, OTLP JSON, Zipkin v2 or Jaeger JSON; - for standard input"
)


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to a parser."""
    put = commands.add_parser("put", parents=[common], help="send segments or spans from a file")
    put.add_argument("file", metavar="FILE", help=FILE)
    put.set_defaults(command=run)


def run(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    """Send a file; exit 1 if something in it was refused."""
    file = _read(options.file)
    refused: list[dict[str, Any]] = []
    for batch in _batches(file.segments, BATCH):
        request = {"TraceSegmentDocuments": batch}
        refused += client.call(options.endpoint, "TraceSegments", request)["UnprocessedTraceSegments"]
    for item in refused[:REFUSED_MAX]:
        print(f"refused {item.get('Id', '(no id)')}: {item['ErrorCode']}: {item['Message']}", file=sys.stderr)
    if len(refused) > REFUSED_MAX:
        print(f"refused {len(refused) - REFUSED_MAX} more", file=sys.stderr)
    if file.segments or not file.spans:
        print(f"{len(file.segments) - len(refused)} of {len(file.segments)} segments stored")
    return max(_put_spans(options.endpoint, file.spans), 1 if refused else 0)


def _put_spans(endpoint: str, resources: Sequence[dict[str, Any]]) -> int:
    total = sum(len(scope["spans"]) for resource in resources for scope in resource.get("scopeSpans") or ())
    rejected = 0
    for batch in _batches(resources, BATCH):
        partial = client.call(endpoint, "v1/traces", {"resourceSpans": batch}).get("partialSuccess") or {}
        rejected += int(partial.get("rejectedSpans", 0))
        if partial:
            print(f"refused {partial['rejectedSpans']} spans: {partial['errorMessage']}", file=sys.stderr)
    if resources:
        print(f"{total - rejected} of {total} spans stored")
    return 1 if rejected else 0


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _read(name: str) -> trace_files.TraceFile:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
        return trace_files.read(text)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"cannot read {name}: {reason}") from error
    except trace_files.FileError as error:
        raise UsageError(f"{name}: {error}") from error
