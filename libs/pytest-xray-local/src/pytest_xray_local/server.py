"""A running xray-local as a test uses it: its addresses, and the traces that have arrived."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_xray_local.trace import Trace, trace_of

SECONDS = 10.0
PAUSE = 0.1  # seconds between two reads; a trace is complete if both are equal
SHOWN = 5  # traces of a kind, or lines of the log, in a message

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class XRayLocal:
    """A running xray-local: `api` and `otlp` are URLs, `agent` (UDP and TCP) and `grpc` are HOST:PORT.

    `grpc` is empty where OTLP/gRPC is not served. `log` is the file of its messages.
    """

    api: str
    agent: str
    otlp: str
    log: Path
    grpc: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which SDKs, exporters and AWS clients find it; the fixture `xray_local` sets them."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_XRAY": self.api,
            "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_XRAY_DAEMON_ADDRESS": self.agent,
            "OTEL_BSP_SCHEDULE_DELAY": "100",  # milliseconds, instead of 5 seconds
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }

    def reset(self) -> None:
        """Delete all traces, rules, groups, scripted faults and the log of calls."""
        self.call("_local/reset", {})

    def sample(self, rate: float) -> None:
        """Set the rate of the Default sampling rule, 0 to 1; 0 also takes its one trace a second."""
        update = {"RuleName": "Default", "FixedRate": rate, "ReservoirSize": int(rate > 0)}
        self.call("UpdateSamplingRule", {"SamplingRuleUpdate": update})

    def traces(self, expression: str = "", *, count: int | None = None, seconds: float = SECONDS) -> list[Trace]:
        """Return the traces that match a filter expression, the newest first.

        With `count`, wait until exactly so many match and are complete; AssertionError after `seconds`.
        """
        __tracebackhide__ = True
        if count is None:
            return self._matching(expression)
        return self._wait(expression, count, (), seconds)

    def one_trace(self, expression: str = "", *, wires: Iterable[str] = (), seconds: float = SECONDS) -> Trace:
        """Wait until exactly one trace matches a filter expression and is complete, and return it.

        With `wires`, such as `("segments", "otlp")`, each entry must have arrived by each of them. AssertionError after
        `seconds`, with what has arrived.
        """
        __tracebackhide__ = True
        return self._wait(expression, 1, tuple(wires), seconds)[0]

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of an address (GET), or of an operation of X-Ray's API by its path (POST with `body`)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/{path}", data, {"Content-Type": "application/json"})  # noqa: S310 (always http)
        try:
            with _DIRECT.open(request, timeout=SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(f"{path}: {_message(error.read())}") from error

    def _wait(self, expression: str, count: int, wires: tuple[str, ...], seconds: float) -> list[Trace]:
        __tracebackhide__ = True
        end, previous = time.monotonic() + seconds, ""
        while True:
            found = self._matching(expression)
            seen = "\n".join(map(str, found))
            complete = len(found) == count and not any(trace.incomplete(wires) for trace in found)
            late = time.monotonic() > end
            if complete and (late or seen == previous):
                return found
            if late:
                raise AssertionError(self._unmet(expression, count, wires, seconds))
            previous = seen
            time.sleep(PAUSE)

    def _unmet(self, expression: str, count: int, wires: tuple[str, ...], seconds: float) -> str:
        """Return what is missing, and what has arrived instead."""
        every = self._matching("")
        found = self._matching(expression) if expression else every
        matching = f" that match {expression!r}" if expression else ""
        wanted = f"{count} complete trace{'' if count == 1 else 's'}"
        lines = [f"expected {wanted}{matching} within {seconds:g} s, found {len(found)}"]
        for trace in found[:SHOWN]:
            lines += [*(f"incomplete: {reason}" for reason in trace.incomplete(wires)), str(trace)]
        others = [trace for trace in every if trace not in found]
        lines += [f"{len(others)} other traces:" if others else "", *map(str, others[:SHOWN])]
        return "\n".join([*(line for line in lines if line), *self._hints(every)])

    def _hints(self, every: list[Trace]) -> Iterable[str]:
        rejected = self.call("_local/health").get("rejected", 0)
        if rejected:
            yield f"documents rejected by xray-local: {rejected}"
            yield from self.log.read_text().splitlines()[-SHOWN:]
        if not every:
            yield f"nothing arrived: segments are expected on {self.agent} (UDP), spans on {self.otlp}/v1/traces"
            calls = [call["operation"] for call in self.call("_local/requests")]
            fetched = calls.count("GetSamplingRules")
            yield f"the sampling rules were fetched {fetched} times: " + (
                "is the request sampled?" if fetched else "was the app configured before xray_local set its variables?"
            )

    def _matching(self, expression: str) -> list[Trace]:
        found, path = [], f"traces.json?{urllib.parse.urlencode({'filter': expression})}"
        while path:
            answer = self.call(path)
            found += [trace for summary in answer["traces"] if (trace := self._trace(summary["Id"]))]
            path = f"traces.json{answer['next'].removeprefix('/')}" if answer["next"] else ""
        return found

    def _trace(self, id_: str) -> Trace | None:
        """Return a trace; None if it was deleted in the meantime."""
        rows: list[Mapping[str, Any]] = []
        while True:
            try:
                window = self.call(f"traces/{id_}.json?offset={len(rows)}")
            except ValueError:
                return None
            rows += window["rows"]
            if not window["next"]:
                return trace_of(id_, rows)


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")
