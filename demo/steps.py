"""The demo's steps in order. Each prints its results and returns its checks.

They use xray-local and the operator as any client would; only the documents as they were sent are not in AWS's API.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from demo import checks, console, traffic
from demo.checks import Check, Tally
from demo.stack import ROOT, DemoError, Stack
from xray_local.cli import client

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
    import boto3  # takes a second to import, in which the demo has begun

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


def documents(stack: Stack, trace_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the documents of these traces as they were sent, reading five per call as the API allows."""
    found = {}
    for start in range(0, len(trace_ids), 5):
        answer = client.call(stack.addresses.page, "_local/traces", {"TraceIds": trace_ids[start : start + 5]})
        for trace in answer["Traces"]:
            found[trace["Id"]] = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    return found


def is_span(document: Mapping[str, Any]) -> bool:
    """Return whether the document came as a span; otherwise it is a segment."""
    return "otel" in document.get("metadata", {})


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


def apply_examples(stack: Stack) -> None:
    """Apply the example manifests with the operator's command line."""
    stack.run("xray-operator", "apply", "-f", "examples")


def one_trace(stack: Stack) -> list[Check]:
    """Send one home request and print its trace, which came by both wires."""
    console.heading("One request, one trace: each row (◆) is an X-Ray segment and an OpenTelemetry span")
    url = f"{stack.addresses.service}/api/activities/home"
    console.line(f"GET {url}  {traffic.get(url)}")
    sampled: list[str] = []

    def arrived() -> bool:
        requests = traffic.read_log(stack.access_log)
        sampled[:] = [request.trace_id for request in requests if request.sampled]
        if not sampled:  # the rule did not sample it: send another one
            traffic.get(url)
            return False
        found = documents(stack, sampled[:1]).get(sampled[0], [])
        return any(map(is_span, found)) and not all(map(is_span, found))

    if not _until("waiting for the trace by both wires", SETTLE_SECONDS, arrived):
        raise DemoError("no trace arrived by both wires; see the logs")
    stack.run("xray-local", "show", sampled[0])
    return _home_checks(documents(stack, sampled[:1])[sampled[0]])


def _home_checks(found: list[dict[str, Any]]) -> list[Check]:
    spans = {_span_name(document): document for document in found if is_span(document)}
    segments = [document for document in found if not is_span(document)]
    server = next((span for span in spans.values() if span["metadata"]["otel"]["kind"] == "SERVER"), {})
    data = spans.get("home-activities-data", {})
    result = spans.get("home-result-activities", {})
    nested = sorted(entry for segment in segments for entry in entries(segment))
    return [
        checks.equal("the trace has one server span and two nested spans", len(spans), 3),
        checks.equal("the trace has one X-Ray segment", len(segments), 1),
        checks.equal("every entry came by both wires, with one id", nested, sorted(map(_entry, spans.values()))),
        checks.equal("home-activities-data is inside the server span", data.get("parent_id"), server.get("id")),
        checks.equal("home-result-activities is inside it", result.get("parent_id"), data.get("id")),
        checks.equal("all entries have one trace id", len({document["trace_id"] for document in found}), 1),
    ]


Entry = tuple[str, str, str | None]  # id, name, the id of what it is in


def entries(document: Mapping[str, Any], parent: str | None = None) -> Iterator[Entry]:
    """Yield a segment document and its subsegments."""
    yield str(document["id"]), str(document["name"]), document.get("parent_id", parent)
    for child in document.get("subsegments", ()):
        yield from entries(child, str(document["id"]))


def _entry(span: Mapping[str, Any]) -> Entry:
    return str(span["id"]), str(span["name"]), span.get("parent_id")


def _span_name(document: Mapping[str, Any]) -> str:
    return str(document["metadata"]["otel"].get("name") or document["name"])


def traffic_by_the_rule(stack: Stack, workers: int) -> list[Check]:
    """Send the main traffic and compare the stored traces with the access log, the group and the rule."""
    rule = _rule()["spec"]
    console.heading(f"Every worker samples by the rule: {rule['fixedRate']:.0%} of the requests")
    _wait_for_rules(stack, workers, since=0.0)
    burst, answered = _requests(stack)
    sampled = {request.trace_id: request for request in answered if request.sampled}
    _until("waiting for the exporters", SETTLE_SECONDS, lambda: not incomplete(stack, list(sampled)))
    return [
        *_share_checks(traffic.by_worker(answered, burst.seconds), rule, workers),
        *_store_checks(stack, burst, answered, sampled),
        *_group_checks(stack, sampled),
    ]


def _requests(stack: Stack) -> tuple[traffic.Burst, list[traffic.Answered]]:
    """Send the requests, and return the burst with its lines of the access log."""
    seen = traffic.settled_lines(stack.access_log)

    def answered(number: int) -> None:
        if number % 20 == 0:
            console.progress(f"{number} of {REQUESTS} requests")

    burst = traffic.send(stack.addresses.service, REQUESTS, answered=answered)
    traffic.settled_lines(stack.access_log)
    console.progress_end()
    return burst, traffic.read_log(stack.access_log, skip=seen)


def incomplete(stack: Stack, trace_ids: list[str]) -> list[str]:
    """Return the traces that did not arrive by both wires."""
    found = documents(stack, trace_ids)
    return [
        trace_id
        for trace_id in trace_ids
        if {is_span(document) for document in found.get(trace_id, [])} != {True, False}
    ]


def _store_checks(
    stack: Stack,
    burst: traffic.Burst,
    answered: list[traffic.Answered],
    sampled: Mapping[str, traffic.Answered],
) -> list[Check]:
    found = documents(stack, list(sampled))
    entries = Counter(is_span(document) for trace in found.values() for document in trace)
    statuses = Counter[int]()
    for (_path, status), count in burst.answers.items():
        statuses[status] += count
    console.line("answered      " + ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())))
    console.line(f"stored        {len(found)} traces from {entries[False]} segments and {entries[True]} spans")
    return [
        checks.equal("every request has its route's status", burst.wrong, 0),
        checks.equal("every answered request is in the access log", len(answered), burst.requests),
        checks.equal("every sampled request is a trace in xray-local", len(found), len(sampled)),
        checks.equal("every trace came by both wires", len(incomplete(stack, list(sampled))), 0),
    ]


def _group_checks(stack: Stack, sampled: Mapping[str, traffic.Answered]) -> list[Check]:
    group = yaml.safe_load(GROUP.read_text())
    expression = group["spec"]["filterExpression"]
    name = group["spec"].get("groupName", group["metadata"]["name"])
    matching = set(_matching(stack, expression)) & set(sampled)
    expected = {trace_id for trace_id, request in sampled.items() if request.status >= 400}
    console.line(f"failed        {len(matching)}, by the group {name}: {expression}")
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
        console.share(worker, tally)
        name = f"worker {worker} samples {rate:.0%}"
        results.append(checks.share_follows(name, tally, rate=rate, reservoir=reservoir))
    return results


def changed_rule(stack: Stack, workers: int) -> list[Check]:
    """Apply a changed rate and check that every worker samples at it."""
    manifest = _rule()
    console.heading(
        f"A changed rule reaches running workers: from {manifest['spec']['fixedRate']:.0%} to {CHANGED_RATE:.0%}"
    )
    manifest["spec"]["fixedRate"] = CHANGED_RATE
    changed = stack.folder / "sampling-rule.yaml"
    changed.write_text(yaml.safe_dump(manifest, sort_keys=False))
    applied = time.time()  # a worker may have fetched the rule before the command has ended
    stack.run("xray-operator", "apply", "-f", str(changed))
    _wait_for_rules(stack, workers, since=applied)
    console.line(f"every worker has fetched it after {time.time() - applied:.1f} s, without a restart")
    burst, answered = _requests(stack)
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
