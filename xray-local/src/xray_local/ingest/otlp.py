"""OTLP/HTTP: `/v1/traces`, protobuf or JSON, plain, gzip or deflate. Spans are stored in the trace of their id.

It has its own listener, and is on the API's as well, since X-Ray's OTLP endpoint shares its host with the API.
"""

import json
from collections.abc import Sequence

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from xray_local.errors import ApiError
from xray_local.ingest.otlp_request import JSON, PROTOBUF, kind
from xray_local.ingest.spans import SpanError, decode
from xray_local.listener import REGION_KEY, log_request, read_body
from xray_local.state.region import Region


def add_routes(app: web.Application) -> None:
    """Add the routes: traces are stored; metrics and logs are answered 404."""
    app.router.add_post("/v1/traces", _traces)
    for signal in ("metrics", "logs"):
        app.router.add_post(f"/v1/{signal}", _unsupported)


async def _traces(request: web.Request) -> web.Response:
    status = 400
    try:
        answer = _put(request, await read_body(request))
        status = 200
        return answer
    finally:
        log_request(request, "PutSpans", status)


def _put(request: web.Request, body: bytes) -> web.Response:
    content_type = request.headers.get("Content-Type", "")
    try:
        problems = put_spans(request.app[REGION_KEY], body, content_type)
    except SpanError as error:
        raise ApiError("InvalidArgument", str(error)) from error
    if kind(content_type) == JSON:
        first = {"rejectedSpans": str(len(problems)), "errorMessage": problems[0]} if problems else {}
        return web.Response(text=json.dumps({"partialSuccess": first} if first else {}), content_type=JSON)
    return web.Response(body=response(problems), content_type=PROTOBUF)


def put_spans(region: Region, body: bytes, content_type: str) -> list[str]:
    """Store the spans of a request and return why each refused one was; SpanError if the request is not valid."""
    return [refused.message for refused in region.put_spans(*decode(body, content_type), source="OTLP")]


def response(problems: Sequence[str]) -> bytes:
    """Return the response to a request in protobuf, with the number of refused spans and the first reason."""
    answer = ExportTraceServiceResponse()
    if problems:
        answer.partial_success.rejected_spans = len(problems)
        answer.partial_success.error_message = problems[0]
    return answer.SerializeToString()


async def _unsupported(request: web.Request) -> web.Response:
    raise ApiError("NotFound", f"{request.path} is not supported: expected /v1/traces", 404)
