"""Starts everything, shows it and checks it, and stops it."""

import argparse
import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from demo import console, interrupts, ports, steps, traffic
from demo.checks import Check
from demo.stack import Addresses, DemoError, Stack

INTERRUPTED = 130
WORKERS = 2
WANTED = {
    "backend": ports.Wanted("backend", 4567),
    "api": ports.Wanted("xray-local API and page", 8900),
    "agent": ports.Wanted("X-Ray agent", 2000, udp=True),
    "otlp": ports.Wanted("OTLP", 4318),
}


def _addresses() -> Addresses:
    chosen = {name: ports.choose(wanted) for name, wanted in WANTED.items()}
    for port in chosen.values():
        if port.note:
            console.line(port.note)
    return Addresses(**{name: port.number for name, port in chosen.items()})


def _show(stack: Stack) -> list[Check]:
    checks: list[Check] = []

    def step(results: list[Check]) -> None:
        console.verdicts(results)
        checks.extend(results)

    addresses = stack.addresses
    console.heading("A Flask service with OpenTelemetry and the X-Ray SDK, and X-Ray itself, on this machine")
    stack.start_xray_local()
    console.line(f"X-Ray    {addresses.page}  (its page; agent on {addresses.agent}, OTLP on {addresses.otlp})")
    steps.apply_examples(stack)  # first: a worker that has fetched the rules asks for changes ten seconds later
    stack.launch_backend(WORKERS)
    stack.wait_for_backend()
    console.line(f"service  {addresses.service}  ({WORKERS} gunicorn workers)")
    step(steps.one_trace(stack))
    step(steps.traffic_by_the_rule(stack, WORKERS))
    step(steps.changed_rule(stack, WORKERS))
    step(steps.page_responds(stack))
    return checks


def _wait_for_ctrl_c(stack: Stack) -> None:
    page, service = stack.addresses.page, stack.addresses.service
    console.heading("It keeps running; Ctrl-C stops everything")
    console.line(f"all traces       {page}")
    for request in traffic.read_log(stack.access_log)[::-1]:
        if request.sampled and request.status >= 500:
            console.line(f"why one failed   {page}/traces/{request.trace_id}")
            break
    console.line(f"the rules        {page}/sampling")
    console.line(f"one more trace   curl {service}/api/activities/home")
    while True:
        time.sleep(3600)


def main(arguments: list[str]) -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(prog="demo", description="Run the whole path on one machine, and check it.")
    parser.add_argument("--once", action="store_true", help="exit after the checks")
    once: bool = parser.parse_args(arguments).once
    interrupts.handle()
    os.environ["no_proxy"] = ports.HOST  # everything runs here, where no proxy can reach it
    addresses = _addresses()
    folder = Path(tempfile.mkdtemp(prefix="cruddur-demo-"))
    stack = Stack(addresses, folder)
    code = INTERRUPTED
    try:
        try:
            code = _check(stack)
            if not once:
                _wait_for_ctrl_c(stack)
        except DemoError as error:
            console.line(str(error))
            code = 1
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C has ended the other side of the pipe, too
            console.heading("stopping")
    finally:
        interrupts.ignore()
        stack.close()
    if code == 1:
        console.line(f"the logs are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _check(stack: Stack) -> int:
    """Show and check everything; return the exit code."""
    started = time.monotonic()
    checks = _show(stack)
    console.summary(checks, time.monotonic() - started)
    return 0 if all(check.passed for check in checks) else 1
