"""A Flask app with OpenTelemetry's and X-Ray's calls and no word about `cruddur_tracing`."""

import asyncio
import os
import time

from aws_xray_sdk.core import xray_recorder
from flask import Flask
from opentelemetry import trace

app = Flask("stock")
tracer = trace.get_tracer(__name__)


@app.get("/")
def home() -> dict[str, int]:
    """Record a span with a subsegment in it."""
    with tracer.start_as_current_span("span"), xray_recorder.in_subsegment("subsegment") as subsegment:
        subsegment.put_annotation("key", "value")
    return {"pid": os.getpid()}


@app.get("/slow")
def slow() -> dict[str, str]:
    """Let other requests begin and end in the meantime, and return which subsegment was the current one."""
    with xray_recorder.in_subsegment("outer") as subsegment:
        time.sleep(0.05)
        with tracer.start_as_current_span("inner"):
            time.sleep(0.05)
        current = xray_recorder.current_subsegment()
        return {"begun": subsegment.id, "current": current.id, "trace": current.trace_id}


@app.get("/gathered")
async def gathered() -> dict[str, int]:
    """Record two parts at the same time, in a view that Flask runs in an event loop."""

    async def part(number: int) -> None:
        async with xray_recorder.in_subsegment_async(f"part {number}"):
            await asyncio.sleep(0.01)
            with tracer.start_as_current_span(f"span {number}"):
                await asyncio.sleep(0)

    async with xray_recorder.in_subsegment_async("parts"):
        await asyncio.gather(part(1), part(2))
    return {"pid": os.getpid()}


@app.get("/healthz")
def healthz() -> str:
    """Answer that the app is ready."""
    return "ok"
