"""A trace of three services that failed."""

import json
from typing import Any

from tests.xray_local.samples import NOW, trace_id
from xray_local.state.region import Region
from xray_local.traces.documents import parse_segment


def http(method: str, url: str, status: int) -> dict[str, Any]:
    """Return the `http` of a document."""
    return {"request": {"method": method, "url": url}, "response": {"status": status}}


def put_checkout(region: Region, number: int, seconds: float = 1.0, *, failed: bool = True) -> str:
    """Store a shop that calls payments, which times out at a fraud service; return the trace's id."""
    status, flag = (502, {"fault": True}) if failed else (200, {})
    stack = [
        {"path": "/app/site-packages/urllib3/pool.py", "line": 9},
        {"path": "/app/pay.py", "line": 4, "label": "pay"},
    ]
    thrown = (
        {"cause": {"exceptions": [{"type": "ReadTimeout", "message": "timed out", "stack": stack}]}} if failed else {}
    )
    at = NOW - number
    fraud = {"id": f"{number:08x}000000f4", "name": "fraud.internal", "namespace": "remote", **flag, **thrown}
    fraud |= {
        "start_time": at + seconds * 0.4,
        "end_time": at + seconds * 0.6,
        "http": http("POST", "http://fraud.internal/s", status),
    }
    call = {"id": f"{number:08x}000000f2", "name": "payments.internal", "namespace": "remote", **flag}
    call |= {"start_time": at + seconds * 0.2, "end_time": at + seconds * 0.9}
    ids = {"trace_id": trace_id(number)}
    shop = {"id": f"{number:08x}000000f1", "name": "shop", "start_time": at, "end_time": at + seconds, **flag}
    shop |= {
        "http": http("POST", "http://shop/checkout", status),
        "annotations": {"user": "ann"},
        "subsegments": [call],
    }
    shop |= {"aws": {"xray": {"sampling_rule_name": "Default"}}}
    pay = {"id": f"{number:08x}000000f3", "name": "payments", "parent_id": call["id"], **flag, "subsegments": [fraud]}
    pay |= {"start_time": at + seconds * 0.3, "end_time": at + seconds * 0.8}
    assert region.put([parse_segment(json.dumps(ids | body)) for body in (shop, pay)]) == []
    return trace_id(number)
