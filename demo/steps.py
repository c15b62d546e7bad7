"""The demo's steps, in the order they are shown. Each prints what it saw and gives its checks.

Called by the demo's entry; they speak to xray-local and the operator as any client would.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
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
# The SDK asks for targets every 10 s and fetches the rules again when they have changed.
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


def documents(stack: Stack, trace_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Read the documents of these traces, five at a call as the API allows."""
    client, found = _client(stack), {}
    for start in range(0, len(trace_ids), 5):
        for trace in client.batch_get_traces(TraceIds=trace_ids[start : start + 5])["Traces"]:
            found[trace["Id"]] = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    return found


def is_span(document: Mapping[str, Any]) -> bool:
    """Tell a document that OpenTelemetry recorded from one of the X-Ray SDK."""
    return "otel" in document.get("metadata", {})


def _until(text: str, limit: float, done: Any) -> bool:
    """Wait until `done` gives true; show `text` with the seconds gone. False when the limit has passed."""
    started = time.monotonic()
    while not done():
        gone = time.monotonic() - started
        if gone > limit:
            console.progress_end()
            return False
        console.progress(f"{text} ({gone:.0f} s)")
        time.sleep(0.2)
    console.progress_end()
    return True


def apply_examples(stack: Stack) -> list[Check]:
    """Apply the example manifests by the operator's command line."""
    console.heading("xray-operator apply -f examples/")
    console.block(stack.run("xray-operator", "apply", "-f", "examples"))
    return []


def one_trace(stack: Stack) -> list[Check]:
    """Send one home request and draw its trace: both recorders' entries under one id."""
    console.heading("GET /api/activities/home: one request, one trace")
    traffic.get(stack.addresses.service + "/api/activities/home")
    sampled: list[str] = []

    def arrived() -> bool:
        log = traffic.read_log(stack.access_log)
        sampled[:] = [one.trace_id for one in log if one.sampled]
        if not sampled:  # the rule's rate let it pass: ask again
            traffic.get(stack.addresses.service + "/api/activities/home")
            return False
        found = documents(stack, sampled[:1]).get(sampled[0], [])
        return any(map(is_span, found)) and not all(map(is_span, found))

    if not _until("waiting for both recorders", SETTLE_SECONDS, arrived):
        raise DemoError("no trace with entries of both recorders arrived; see the logs")
    console.block(stack.run("xray-local", "show", sampled[0], "--endpoint", stack.addresses.page))
    return _home_checks(documents(stack, sampled[:1])[sampled[0]])


def _home_checks(found: list[dict[str, Any]]) -> list[Check]:
    spans = {_span_name(one): one for one in found if is_span(one)}
    segments = [one for one in found if not is_span(one)]
    server = next((one for one in spans.values() if one["metadata"]["otel"]["kind"] == "SERVER"), {})
    data = spans.get("home-activities-data", {})
    result = spans.get("home-result-activities", {})
    return [
        checks.equal("the trace has one server span and two nested spans", len(spans), 3),
        checks.equal("the trace has one X-Ray segment", len(segments), 1),
        checks.equal("the segment is the child of the server span", segments[0].get("parent_id"), server.get("id")),
        checks.equal("home-activities-data is inside the server span", data.get("parent_id"), server.get("id")),
        checks.equal("home-result-activities is inside it", result.get("parent_id"), data.get("id")),
        checks.equal("all entries carry one trace id", len({one["trace_id"] for one in found}), 1),
    ]


def _span_name(document: Mapping[str, Any]) -> str:
    return str(document["metadata"]["otel"].get("name") or document["name"])


def traffic_by_the_rule(stack: Stack, workers: int) -> list[Check]:
    """Send the main traffic and hold the store against the access log, the group and the rule."""
    rule = _rule()["spec"]
    console.heading(f"{REQUESTS} requests over all routes; the rule samples {rule['fixedRate']:.0%}")
    _wait_for_rules(stack, workers, since=0.0)
    seen = traffic.settled_lines(stack.access_log)
    burst = traffic.send(stack.addresses.service, REQUESTS)
    traffic.settled_lines(stack.access_log)
    answered = traffic.read_log(stack.access_log, skip=seen)
    sampled = {one.trace_id: one for one in answered if one.sampled}
    _until("waiting for the exporters", SETTLE_SECONDS, lambda: not incomplete(stack, list(sampled)))
    return [
        *_store_checks(stack, burst, answered, sampled),
        *_group_checks(stack, sampled),
        *_share_checks(traffic.by_worker(answered, burst.seconds), rule, workers),
    ]


def incomplete(stack: Stack, trace_ids: list[str]) -> list[str]:
    """Give the traces that lack the entries of one recorder, or all."""
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
    for path in traffic.ROUTES:
        counts = {status: count for (at, status), count in burst.answers.items() if at == path}
        console.line(f"{path:32} " + ", ".join(f"{count} x {status}" for status, count in counts.items()))
    console.line(f"received: {len(found)} traces, {entries[False]} segments, {entries[True]} spans")
    return [
        checks.equal("every request was answered as its route says", burst.wrong, 0),
        checks.equal("every answered request is in the access log", len(answered), burst.requests),
        checks.equal("every sampled request is a trace in xray-local", len(found), len(sampled)),
        checks.equal("every trace has entries of both recorders", len(incomplete(stack, list(sampled))), 0),
    ]


def _group_checks(stack: Stack, sampled: Mapping[str, traffic.Answered]) -> list[Check]:
    group = yaml.safe_load(GROUP.read_text())
    expression = group["spec"]["filterExpression"]
    name = group["spec"].get("groupName", group["metadata"]["name"])
    matching = set(_matching(stack, expression)) & set(sampled)
    expected = {trace_id for trace_id, one in sampled.items() if one.status >= 400}
    console.line(f"group {name}: {expression} matches {len(matching)} of them")
    return [checks.equal("the group matches exactly the failed requests", len(matching ^ expected), 0)]


def _matching(stack: Stack, expression: str) -> Iterator[str]:
    now = time.time()
    pages = _client(stack).get_paginator("get_trace_summaries")
    for page in pages.paginate(StartTime=now - 3600, EndTime=now + 60, FilterExpression=expression):
        yield from (summary["Id"] for summary in page["TraceSummaries"])


def _share_checks(tallies: Mapping[int, Tally], rule: Mapping[str, Any], workers: int) -> list[Check]:
    rate, reservoir = float(rule["fixedRate"]), float(rule["reservoirSize"])
    done = [checks.equal("every worker answered requests", len(tallies), workers)]
    for worker, tally in tallies.items():
        counted = f"{tally.sampled} of {tally.requests} sampled = {tally.share:.1%}"
        console.line(f"worker {worker}: {counted}, the rule says {rate:.0%}")
        done.append(checks.share_follows(f"worker {worker} samples {rate:.0%}", tally, rate=rate, reservoir=reservoir))
    return done


def changed_rule(stack: Stack, workers: int) -> list[Check]:
    """Apply a changed rate and see the share of new requests follow it in every worker."""
    manifest = _rule()
    console.heading(f"the rule's fixedRate changes from {manifest['spec']['fixedRate']} to {CHANGED_RATE}")
    manifest["spec"]["fixedRate"] = CHANGED_RATE
    changed = stack.folder / "sampling-rule.yaml"
    changed.write_text(yaml.safe_dump(manifest, sort_keys=False))
    console.block(stack.run("xray-operator", "apply", "-f", changed))
    applied = time.time()
    _wait_for_rules(stack, workers, since=applied)
    console.line(f"every worker has fetched the changed rule after {time.time() - applied:.1f} s")
    seen = traffic.settled_lines(stack.access_log)
    burst = traffic.send(stack.addresses.service, REQUESTS)
    traffic.settled_lines(stack.access_log)
    answered = traffic.read_log(stack.access_log, skip=seen)
    return _share_checks(traffic.by_worker(answered, burst.seconds), manifest["spec"], workers)


def _wait_for_rules(stack: Stack, workers: int, *, since: float) -> None:
    """Wait until every worker has fetched the rules; a little traffic goes on, since an idle worker reports nothing."""

    def fetched() -> bool:
        traffic.send(stack.addresses.service, 4 * workers, ["/api/activities/home"])
        calls = [call for call in stack.get_json("/_local/requests") if call["listener"] == "agent"]
        fetches = [call for call in calls if call["operation"] == "GetSamplingRules" and call["time"] >= since]
        return len(fetches) >= workers

    if not _until(f"waiting until all {workers} workers have fetched the rules", FETCH_SECONDS, fetched):
        raise DemoError(f"not all of {workers} workers fetched the rules within {FETCH_SECONDS:.0f} s")


def page_answers(stack: Stack) -> list[Check]:
    """See that the page answers."""
    return [checks.equal("the page answers", traffic.get(stack.addresses.page + "/"), 200)]


def logs_kept(folder: Path) -> str:
    """Say where the processes' output is."""
    return f"the logs are in {folder}"
