"""The commands of `xray-local`: `serve` runs the process; `traces`, `show`, `put` and `check` are clients of its API.

Wrong usage, a port in use, an unusable file, an unreachable endpoint: one line on standard error, exit 2. `check` exits
1 if the trace is incomplete, `put` if a document was refused.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from xray_local.app import StartError, serve
from xray_local.cli import check, client, terminal, trace_files
from xray_local.settings import FIELDS, Field, SettingsError, read
from xray_model import ModelError, to_xray
from xray_model.filter_expression import FilterError, parse

DEFAULT_ENDPOINT = "http://127.0.0.1:8900"
BATCH = 50  # documents in one call, as the X-Ray daemon sends them
PUT_FILE = (
    "segment documents (an array, an object or JSON lines), the output of batch-get-traces, a trace's JSON from the"
    " page, OTLP JSON, Zipkin v2 or Jaeger JSON; - for standard input"
)
CHECK_SECONDS_MAX = 3600
AHEAD_SECONDS = 86_400  # traces from clocks that are ahead are listed as well


class UsageError(Exception):
    """The command cannot be carried out; the message is one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command line and return the exit code."""
    environ = os.environ if environ is None else environ
    try:
        options = _parser(environ).parse_args(arguments)
        command: Any = options.command
        return int(command(options, environ))
    except (UsageError, SettingsError, StartError, client.ClientError) as error:
        print(f"xray-local: {error}", file=sys.stderr)
        return 2
    except check.CheckError as error:
        print(f"xray-local: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of the output has exited
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="xray-local", description="AWS X-Ray on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    serves = commands.add_parser("serve", help="serve the API, the page, the agent's ports and OTLP")
    for field in FIELDS:
        serves.add_argument(field.option, dest=field.name, help=_help(field))
    serves.set_defaults(command=_serve)
    endpoint = environ.get("AWS_ENDPOINT_URL_XRAY") or DEFAULT_ENDPOINT
    common = _Parser(add_help=False)
    common.add_argument("--endpoint", default=endpoint, help=f"the address of the API (default: {endpoint})")
    traces = commands.add_parser("traces", parents=[common], help="list traces, newest first")
    traces.add_argument("--filter", default="", help="a filter expression, such as 'fault AND duration > 1'")
    traces.add_argument("--limit", type=int, default=20, help="the maximum number of traces (default: 20)")
    traces.set_defaults(command=_traces)
    show = commands.add_parser("show", parents=[common], help="draw one trace")
    show.add_argument("trace_id", metavar="ID", help="1-8hex-24hex, or 32 hex digits")
    show.set_defaults(command=_show)
    put = commands.add_parser("put", parents=[common], help="send segments or spans from a file")
    put.add_argument("file", metavar="FILE", help=PUT_FILE)
    put.set_defaults(command=_put)
    checks = commands.add_parser("check", parents=[common], help="send a request, wait for its trace and draw it")
    checks.add_argument("url", metavar="URL", help="an address of a traced service")
    checks.add_argument("--no-segment", action="store_true", help="expect only spans, since no segments are sent")
    checks.add_argument("--no-trace", action="store_true", help="do not wait for the trace, since it goes to AWS")
    checks.add_argument("--seconds", type=float, default=30.0, help="timeout of the response, and then of the trace")
    checks.set_defaults(command=_check)
    return parser


def _help(field: Field) -> str:
    return f"{field.help} ({field.variable}; default: {field.default or 'none'})"


def _serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = read({field.name: getattr(options, field.name) for field in FIELDS}, environ)
    # Ingest creates many small objects without cycles: collecting cycles less often saves a tenth of its time.
    gc.set_threshold(50_000, 20, 50)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    asyncio.run(serve(settings, lambda line: print(line, flush=True)))
    return 0


def _traces(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    if options.limit < 1:
        raise UsageError(f"--limit: {options.limit}: expected at least 1")
    request = {"StartTime": 0, "EndTime": time.time() + AHEAD_SECONDS} | _filter(options.filter)
    summaries: list[dict[str, Any]] = []
    while len(summaries) < options.limit:
        answer = client.call(options.endpoint, "TraceSummaries", request)
        summaries += answer["TraceSummaries"]
        if not answer.get("NextToken"):
            break
        request["NextToken"] = answer["NextToken"]
    for summary in summaries[: options.limit]:
        print(terminal.line(summary))
    if not summaries:
        print("no traces" + (" match" if options.filter else " yet"), file=sys.stderr)
    return 0


def _filter(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        parse(text)
    except FilterError as error:
        raise UsageError(f"--filter: {error}") from error
    return {"FilterExpression": text}


def _show(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    trace_id = str(options.trace_id).lower()
    try:
        trace_id = trace_id if trace_id.startswith("1-") else to_xray(trace_id)
    except ModelError as error:
        raise UsageError(str(error)) from error
    answer = client.call(options.endpoint, "_local/traces", {"TraceIds": [trace_id]})
    if not answer["Traces"]:
        raise UsageError(f"trace {trace_id} is not stored at {options.endpoint}")
    bodies = [json.loads(segment["Document"]) for segment in answer["Traces"][0]["Segments"]]
    print(terminal.draw(trace_id, bodies, colour=sys.stdout.isatty() and not environ.get("NO_COLOR")))
    return 0


def _check(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if not options.url.startswith(("http://", "https://")):
        raise UsageError(f"URL: {options.url!r}: expected http://HOST:PORT/PATH")
    if not 0 < options.seconds <= CHECK_SECONDS_MAX:
        raise UsageError(f"--seconds: {options.seconds:g}: expected more than 0 and at most {CHECK_SECONDS_MAX}")
    trace_id = check.request(options.url, options.seconds)
    print(f"GET {options.url} answered, trace id {trace_id}", flush=True)
    if options.no_trace:
        return 0
    expected = check.Expected(segment=not options.no_segment, seconds=options.seconds)
    bodies = check.complete_trace(options.endpoint, trace_id, expected)
    print(terminal.draw(trace_id, bodies, colour=sys.stdout.isatty() and not environ.get("NO_COLOR")))
    return 0


def _put(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    file = _read(options.file)
    refused: list[dict[str, Any]] = []
    for batch in _batches(file.segments, BATCH):
        request = {"TraceSegmentDocuments": batch}
        refused += client.call(options.endpoint, "TraceSegments", request)["UnprocessedTraceSegments"]
    for item in refused:
        print(f"refused {item.get('Id', '(no id)')}: {item['ErrorCode']}: {item['Message']}", file=sys.stderr)
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
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        return trace_files.read(text)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"cannot read {name}: {reason}") from error
    except trace_files.FileError as error:
        raise UsageError(f"{name}: {error}") from error
