"""Segments, settings and a clock that the tests of xray-local share."""

import json
from dataclasses import dataclass
from typing import Any

from xray_local.settings import Settings
from xray_local.traces.documents import Document, parse_segment

NOW = 1_700_000_000.0
CLIENT = "0123456789abcdef01234567"


@dataclass(slots=True)
class Clock:
    """A clock that a test moves."""

    now: float = NOW

    def __call__(self) -> float:
        """Return epoch seconds."""
        return self.now


def trace_id(number: int) -> str:
    """Return a different trace id for each number."""
    return f"1-{int(NOW):08x}-{number:024x}"


def body(trace: int, segment: int = 1, **more: Any) -> dict[str, Any]:
    """Return a segment document from NOW to NOW + 1; None leaves a member out."""
    members: dict[str, Any] = {"trace_id": trace_id(trace), "id": f"{segment:016x}", "name": "backend"}
    members |= {"start_time": NOW, "end_time": NOW + 1, **more}
    return {name: value for name, value in members.items() if value is not None}


def text(trace: int, segment: int = 1, **more: Any) -> str:
    """Return a segment document as JSON."""
    return json.dumps(body(trace, segment, **more))


def document(trace: int, segment: int = 1, **more: Any) -> Document:
    """Return a segment document as a value."""
    return parse_segment(text(trace, segment, **more))


def settings(**more: Any) -> Settings:
    """Return settings with free ports."""
    known: dict[str, Any] = {"host": "127.0.0.1", "api_port": 0, "agent_port": 0, "otlp_port": 0, "db": ":memory:"}
    known["otlp_grpc_port"] = "off"
    return Settings(**(known | {"max_traces": 1000, "region": "us-east-1", "allow_host": ()} | more))


def rule(name: str = "rule", **more: Any) -> dict[str, Any]:
    """Return a complete SamplingRule shape."""
    every = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
    return {"RuleName": name, "Priority": 100, "FixedRate": 0.5, "ReservoirSize": 10, "Version": 1, **every, **more}


def statistics(rule_name: str, **more: Any) -> dict[str, Any]:
    """Return a SamplingStatisticsDocument shape."""
    counts = {"RequestCount": 10, "SampledCount": 5, "BorrowCount": 1}
    return {"RuleName": rule_name, "ClientID": CLIENT, "Timestamp": NOW, **counts, **more}
