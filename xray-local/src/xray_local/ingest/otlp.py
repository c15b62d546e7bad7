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
from xray_local.listener import REGION_KEY, log_request

SPAN_BYTES = 200 * 1024  # the limit of X-Ray's OTLP endpoint


def add_routes(app: web.Application) -> None:
    """Add the routes: traces are stored; metrics and logs are answered 404."""
    app.router.add_post("/v1/traces", _traces)
    for signal in ("metrics", "logs"):
        app.router.add_post(f"/v1/{signal}", _unsupported)


async def _traces(request: web.Request) -> web.Response:
    status = 400
    try:
        answer = _put(request, await request.read())
        status = 200
        return answer
    finally:
        log_request(request, "PutSpans", status, {})


def _put(request: web.Request, body: bytes) -> web.Response:
    region = request.app[REGION_KEY]
    content_type = request.headers.get("Content-Type", "")
    try:
        documents, problems = decode(body, content_type)
    except SpanError as error:
        raise ApiError("InvalidArgument", str(error)) from error
    accepted = [document for document in documents if document.size <= SPAN_BYTES]
    problems += [f"the span is too large: expected at most {SPAN_BYTES} bytes"] * (len(documents) - len(accepted))
    region.counters["rejected"] += len(problems)
    problems += [item.message for item in region.put(accepted)]
    return _answer(content_type, problems)


def _answer(content_type: str, problems: Sequence[str]) -> web.Response:
    rejected, problem = len(problems), next(iter(problems), "")
    if kind(content_type) == JSON:
        partial = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": problem}} if rejected else {}
        return web.Response(text=json.dumps(partial), content_type=JSON)
    answer = ExportTraceServiceResponse()
    if rejected:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = problem
    return web.Response(body=answer.SerializeToString(), content_type=PROTOBUF)


async def _unsupported(request: web.Request) -> web.Response:
    raise ApiError("NotFound", f"{request.path} is not supported: expected /v1/traces", 404)
