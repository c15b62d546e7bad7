"""`xray-local example`, `clear` and `open`: send the example, delete everything, open the page in a browser."""

import argparse
import json
import secrets
import time
import webbrowser
from collections.abc import Mapping
from typing import Any

from xray_local.cli import client
from xray_local.errors import UsageError
from xray_local.ingest import example
from xray_local.page.frame import formats


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands to a parser."""
    sends = commands.add_parser(
        "example", parents=[common], help="send an example: a trace over four services that fails"
    )
    sends.set_defaults(command=send_example)
    clears = commands.add_parser("clear", parents=[common], help="delete all traces; sampling rules and groups stay")
    clears.add_argument("--everything", action="store_true", help="delete sampling rules, groups and settings as well")
    clears.set_defaults(command=clear)
    opens = commands.add_parser("open", parents=[common], help="open the page, or one trace, in a browser")
    opens.add_argument("trace_id", metavar="ID", nargs="?", help="a trace id of either form, or its last digits")
    opens.set_defaults(command=open_page)


def send_example(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    """Store the example with a new trace id."""
    now = time.time()
    trace_id = f"1-{int(now):08x}-{secrets.token_hex(12)}"
    texts = [json.dumps(document) for document in example.documents(trace_id, now)]
    refused = client.call(options.endpoint, "TraceSegments", {"TraceSegmentDocuments": texts})[
        "UnprocessedTraceSegments"
    ]
    if refused:
        raise UsageError(f"the example was refused: {refused[0]['Message']}")
    print(f"sent trace {trace_id}")
    print(client.address(options.endpoint, f"traces/{trace_id}"))
    return 0


def clear(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    """Delete the traces, or everything, as in a new process."""
    traces = client.get(options.endpoint, "_local/health")["traces"]
    client.call(options.endpoint, "_local/reset" if options.everything else "_local/clear", {})
    rest = ", the sampling rules, the groups and the settings" if options.everything else ""
    print(f"deleted {formats.count(traces, 'trace')}{rest}")
    return 0


def open_page(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    """Open the page in a browser, and print its address."""
    path = f"traces/{client.trace_id(options.endpoint, options.trace_id)}" if options.trace_id else ""
    address = client.address(options.endpoint, path)
    print(address, flush=True)
    if not webbrowser.open(address):
        raise UsageError("no browser could be started")
    return 0
