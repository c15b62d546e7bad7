"""The demo's steps in order. Each prints its results and returns its checks.

They use xray-local and the operator as any client would.
"""

import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import yaml

from demo import checks, console, traffic
from demo.checks import Check, Tally
from demo.stack import ROOT, DemoError, Stack

EXAMPLES = ROOT / "examples"
RULE = EXAMPLES / "sampling-rule.yaml"
GROUP = EXAMPLES / "group.yaml"
SERVICE = "backend-flask"
REQUESTS = 1000
CHANGED_RATE = 0.9
SETTLE_SECONDS = 15.0  # an exporter's batch waits 5 s at most
# A worker asks for its targets every 10 s, and fetches the rules again when they have changed.
FETCH_SECONDS = 30.0


def _client(stack: Stack) -> Any:
    return boto3.client(
        "xray",
        endpoint_url=stack.addresses.page,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _rule() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(RULE.read_text())
    return loaded


Row = Mapping[str, Any]


def rows(stack: Stack, trace_id: str) -> list[Row]:
    """Return the entries of a trace as xray-local's page has them, each with its wires; empty if it is not stored."""
    try:
        found: list[Row] = stack.get_json(f"/traces/{trace_id}.json")["rows"]
    except urllib.error.HTTPError as error:
        error.close()
        return []
    return found


def by_both_wires(found: list[Row]) -> bool:
    """Return whether there are entries, and each came as a segment document and as a span."""
    return bool(found) and all(set(row["wires"]) == {"segments", "otlp"} for row in found)


def _until(text: str, timeout: float, done: Callable[[], bool]) -> bool:
    """Wait until `done` returns True, showing `text` and the elapsed seconds. Return False on a timeout."""
    started = time.monotonic()
    while not done():
        elapsed = time.monotonic() - started
        if elapsed > timeout:
            console.progress_end()
            return False
        console.progress(f"{text} ({elapsed:.0f} s)")
        time.sleep(0.2)
    console.progress_end()
    return True


def apply_examples(stack: Stack) -> list[Check]:
    """Apply the example manifests with the operator's command line."""
    console.heading("xray-operator apply -f examples/")
    console.block(stack.run("xray-operator", "apply", "-f", "examples"))
    return []


def one_trace(stack: Stack) -> list[Check]:
    """Send one home request and print its trace, which came by both wires."""
    console.heading("GET /api/activities/home: one request, one trace")
    traffic.get(stack.addresses.service + "/api/activities/home")
    sampled: list[str] = []

    def arrived() -> bool:
        requests = traffic.read_log(stack.access_log)
        sampled[:] = [request.trace_id for request in requests if request.sampled]
        if not sampled:  # the rule did not sample it: send another one
            traffic.get(stack.addresses.service + "/api/activities/home")
            return False
        return by_both_wires(rows(stack, sampled[0]))

    if not _until("waiting for the trace by both wires", SETTLE_SECONDS, arrived):
        raise DemoError("no trace arrived by both wires; see the logs")
    console.block(stack.run("xray-local", "show", sampled[0], "--endpoint", stack.addresses.page))
    return _home_checks(rows(stack, sampled[0]))


def _home_checks(found: list[Row]) -> list[Check]:
    named = {row["name"]: row for row in found}
    data, result = named.get("home-activities-data", {}), named.get("home-result-activities", {})
    return [
        checks.equal("the trace has one segment and two nested entries", len(found), 3),
        checks.equal("every entry came by both wires, with one id", by_both_wires(found), True),
        checks.equal("home-activities-data is inside the segment", data.get("parent_id"), found[0]["id"]),
        checks.equal("home-result-activities is inside it", result.get("parent_id"), data.get("id")),
    ]


def traffic_by_the_rule(stack: Stack, workers: int) -> list[Check]:
    """Send the main traffic and compare the stored traces with the access log, the group and the rule."""
    rule = _rule()["spec"]
    console.heading(f"{REQUESTS} requests over all routes; the rule samples {rule['fixedRate']:.0%}")
    _wait_for_rules(stack, workers, since=0.0)
    seen = traffic.settled_lines(stack.access_log)
    burst = traffic.send(stack.addresses.service, REQUESTS)
    traffic.settled_lines(stack.access_log)
    answered = traffic.read_log(stack.access_log, skip=seen)
    sampled = {request.trace_id: request for request in answered if request.sampled}
    _until("waiting for the exporters", SETTLE_SECONDS, lambda: not incomplete(stack, list(sampled)))
    return [
        *_store_checks(stack, burst, answered, sampled),
        *_group_checks(stack, sampled),
        *_share_checks(traffic.by_worker(answered, burst.seconds), rule, workers),
    ]


def incomplete(stack: Stack, trace_ids: list[str]) -> list[str]:
    """Return the traces that did not arrive by both wires."""
    return [trace_id for trace_id in trace_ids if not by_both_wires(rows(stack, trace_id))]


def _store_checks(
    stack: Stack,
    burst: traffic.Burst,
    answered: list[traffic.Answered],
    sampled: Mapping[str, traffic.Answered],
) -> list[Check]:
    found = {trace_id: received for trace_id in sampled if (received := rows(stack, trace_id))}
    wires = Counter(wire for received in found.values() for row in received for wire in row["wires"])
    for path in traffic.ROUTES:
        counts = {status: count for (at, status), count in burst.answers.items() if at == path}
        console.line(f"{path:32} " + ", ".join(f"{count} x {status}" for status, count in counts.items()))
    console.line(f"received: {len(found)} traces, {wires['segments']} (sub)segments, {wires['otlp']} spans")
    return [
        checks.equal("every request has its route's status", burst.wrong, 0),
        checks.equal("every answered request is in the access log", len(answered), burst.requests),
        checks.equal("every sampled request is a trace in xray-local", len(found), len(sampled)),
        checks.equal("every trace came by both wires", sum(map(by_both_wires, found.values())), len(found)),
    ]


def _group_checks(stack: Stack, sampled: Mapping[str, traffic.Answered]) -> list[Check]:
    group = yaml.safe_load(GROUP.read_text())
    expression = group["spec"]["filterExpression"]
    name = group["spec"].get("groupName", group["metadata"]["name"])
    matching = set(_matching(stack, expression)) & set(sampled)
    expected = {trace_id for trace_id, request in sampled.items() if request.status >= 400}
    console.line(f"group {name}: {expression} matches {len(matching)} of them")
    return [checks.equal("the group matches exactly the failed requests", len(matching ^ expected), 0)]


def _matching(stack: Stack, expression: str) -> Iterator[str]:
    now = time.time()
    pages = _client(stack).get_paginator("get_trace_summaries")
    for page in pages.paginate(StartTime=now - 3600, EndTime=now + 60, FilterExpression=expression):
        yield from (summary["Id"] for summary in page["TraceSummaries"])


def _share_checks(tallies: Mapping[int, Tally], rule: Mapping[str, Any], workers: int) -> list[Check]:
    rate, reservoir = float(rule["fixedRate"]), float(rule["reservoirSize"])
    results = [checks.equal("every worker answered requests", len(tallies), workers)]
    for worker, tally in tallies.items():
        counted = f"{tally.sampled} of {tally.requests} sampled = {tally.share:.1%}"
        console.line(f"worker {worker}: {counted}, the rule's rate is {rate:.0%}")
        name = f"worker {worker} samples {rate:.0%}"
        results.append(checks.share_follows(name, tally, rate=rate, reservoir=reservoir))
    return results


def changed_rule(stack: Stack, workers: int) -> list[Check]:
    """Apply a changed rate and check that every worker samples at it."""
    manifest = _rule()
    console.heading(f"the rule's fixedRate changes from {manifest['spec']['fixedRate']} to {CHANGED_RATE}")
    manifest["spec"]["fixedRate"] = CHANGED_RATE
    changed = stack.folder / "sampling-rule.yaml"
    changed.write_text(yaml.safe_dump(manifest, sort_keys=False))
    applied = time.time()  # a worker may have fetched the rule before the command has ended
    console.block(stack.run("xray-operator", "apply", "-f", changed))
    _wait_for_rules(stack, workers, since=applied)
    console.line(f"every worker fetched the changed rule within {time.time() - applied:.1f} s")
    seen = traffic.settled_lines(stack.access_log)
    burst = traffic.send(stack.addresses.service, REQUESTS)
    traffic.settled_lines(stack.access_log)
    answered = traffic.read_log(stack.access_log, skip=seen)
    return _share_checks(traffic.by_worker(answered, burst.seconds), manifest["spec"], workers)


def _wait_for_rules(stack: Stack, workers: int, *, since: float) -> None:
    """Wait until every worker has fetched the rules, sending some traffic, because an idle worker reports nothing."""

    def fetched() -> bool:
        traffic.send(stack.addresses.service, 4 * workers, ["/api/activities/home"])
        calls = [call for call in stack.get_json("/_local/requests") if call["listener"] == "agent"]
        fetches = [call for call in calls if call["operation"] == "GetSamplingRules" and call["time"] >= since]
        return len(fetches) >= workers

    if not _until(f"waiting until all {workers} workers have fetched the rules", FETCH_SECONDS, fetched):
        raise DemoError(f"not all {workers} workers fetched the rules within {FETCH_SECONDS:.0f} s")


def page_responds(stack: Stack) -> list[Check]:
    """Check that the page responds."""
    return [checks.equal("the page responds with 200", traffic.get(stack.addresses.page + "/"), 200)]
