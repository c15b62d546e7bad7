"""The command line: `serve` runs the process; `traces`, `show`, `put` and `check` are clients of its API.

Bad usage, a taken port, a file that cannot be used, nobody at the endpoint: one line on standard error, exit 2.
`check` exits 1 when what it looks for does not come.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from xray_local.app import StartError, serve
from xray_local.cli import check, client, terminal
from xray_local.settings import FIELDS, SettingsError, read
from xray_model import ModelError, to_xray
from xray_model.filter_expression import FilterError, parse

DEFAULT_ENDPOINT = "http://127.0.0.1:8900"
BATCH = 50  # documents in one call, as the X-Ray daemon sends them
CHECK_SECONDS_MAX = 3600
AHEAD_SECONDS = 86_400  # traces of a clock that is ahead are listed too


class UsageError(Exception):
    """What the user asked for cannot be done; the text is one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command line and give the exit code."""
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
    except BrokenPipeError:  # the reader of our output has gone
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="xray-local", description="AWS X-Ray on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    serving = commands.add_parser("serve", help="serve the API, the page, the agent's ports and OTLP")
    for field in FIELDS:
        shown = field.default or "none"
        serving.add_argument(field.option, dest=field.name, help=f"{field.help} ({field.variable}; default: {shown})")
    serving.set_defaults(command=_serve)
    endpoint = environ.get("AWS_ENDPOINT_URL_XRAY") or DEFAULT_ENDPOINT
    common = _Parser(add_help=False)
    common.add_argument("--endpoint", default=endpoint, help=f"the API's address (default: {endpoint})")
    listing = commands.add_parser("traces", parents=[common], help="list traces, newest first")
    listing.add_argument("--filter", default="", help="a filter expression, such as 'fault AND duration > 1'")
    listing.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
    listing.set_defaults(command=_traces)
    showing = commands.add_parser("show", parents=[common], help="draw one trace")
    showing.add_argument("trace_id", metavar="ID", help="1-8hex-24hex, or 32 hex digits")
    showing.set_defaults(command=_show)
    putting = commands.add_parser("put", parents=[common], help="send segment documents")
    putting.add_argument("file", metavar="FILE", help="a JSON array, one object, or JSON lines; - for standard input")
    putting.set_defaults(command=_put)
    checking = commands.add_parser("check", parents=[common], help="send one request, wait for its trace and draw it")
    checking.add_argument("url", metavar="URL", help="what to request; the service must be traced")
    checking.add_argument("--no-segment", action="store_true", help="the X-Ray SDK is off: spans alone are expected")
    checking.add_argument("--no-trace", action="store_true", help="be content with the answer: the trace goes to AWS")
    checking.add_argument("--seconds", type=float, default=30.0, help="how long the answer and the trace may each take")
    checking.set_defaults(command=_check)
    return parser


def _serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = read({field.name: getattr(options, field.name) for field in FIELDS}, environ)
    # Ingest makes and drops many small objects, none in cycles: looking for cycles less often saves a tenth of its
    # time.
    gc.set_threshold(50_000, 20, 50)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    asyncio.run(serve(settings, lambda line: print(line, flush=True)))
    return 0


def _traces(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    if options.limit < 1:
        raise UsageError(f"--limit is {options.limit}, expected at least 1")
    asked = {"StartTime": 0, "EndTime": time.time() + AHEAD_SECONDS} | _filter(options.filter)
    found: list[dict[str, Any]] = []
    while len(found) < options.limit:
        answer = client.call(options.endpoint, "TraceSummaries", asked)
        found += answer["TraceSummaries"]
        if not answer.get("NextToken"):
            break
        asked["NextToken"] = answer["NextToken"]
    for summary in found[: options.limit]:
        print(terminal.line(summary))
    if not found:
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
    answer = client.call(options.endpoint, "Traces", {"TraceIds": [trace_id]})
    if not answer["Traces"]:
        raise UsageError(f"trace {trace_id} is not stored at {options.endpoint}")
    bodies = [json.loads(segment["Document"]) for segment in answer["Traces"][0]["Segments"]]
    print(terminal.draw(trace_id, bodies, colour=sys.stdout.isatty() and not environ.get("NO_COLOR")))
    return 0


def _check(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if not options.url.startswith(("http://", "https://")):
        raise UsageError(f"URL is {options.url!r}, expected http://HOST:PORT/PATH")
    if not 0 < options.seconds <= CHECK_SECONDS_MAX:
        raise UsageError(f"--seconds is {options.seconds:g}, expected more than 0 and at most {CHECK_SECONDS_MAX}")
    trace_id = check.request(options.url, options.seconds)
    print(f"GET {options.url} was answered, with the trace id {trace_id}", flush=True)
    if options.no_trace:
        return 0
    wanted = check.Wanted(segment=not options.no_segment, seconds=options.seconds)
    bodies = check.whole_trace(options.endpoint, trace_id, wanted)
    print(terminal.draw(trace_id, bodies, colour=sys.stdout.isatty() and not environ.get("NO_COLOR")))
    return 0


def _put(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    documents = _documents(options.file)
    refused: list[dict[str, Any]] = []
    for start in range(0, len(documents), BATCH):
        batch = {"TraceSegmentDocuments": documents[start : start + BATCH]}
        refused += client.call(options.endpoint, "TraceSegments", batch)["UnprocessedTraceSegments"]
    for one in refused:
        print(f"refused {one.get('Id', '(no id)')}: {one['ErrorCode']}: {one['Message']}", file=sys.stderr)
    print(f"{len(documents) - len(refused)} of {len(documents)} segments stored")
    return 1 if refused else 0


def _documents(name: str) -> list[str]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot read {name}: {reason}") from error
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return [line for line in text.splitlines() if line.strip()]
    return [json.dumps(one) for one in (whole if isinstance(whole, list) else [whole])]
