"""OTLP/HTTP: `/v1/traces`, protobuf or JSON, plain or gzip. Spans join the trace of their id.

It has a door of its own, and is on the API's as well, since X-Ray's OTLP endpoint shares its host with the API.
"""

import json
from collections.abc import Sequence

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from xray_local.api.routes import log_call
from xray_local.errors import ApiError
from xray_local.ingest.otlp_request import JSON, PROTOBUF, kind
from xray_local.ingest.spans import SpanError, decode
from xray_local.state.region import SERVICE_KEY
from xray_model import limits


def add_routes(app: web.Application) -> None:
    """Add the traces' address; metrics and logs have none here and get a clear 404."""
    app.router.add_post("/v1/traces", _traces)
    for signal in ("metrics", "logs"):
        app.router.add_post(f"/v1/{signal}", _other)


async def _traces(request: web.Request) -> web.Response:
    status = 400
    try:
        answer = _put(request, await request.read())
        status = 200
        return answer
    finally:
        log_call(request, "PutSpans", status, {})


def _put(request: web.Request, body: bytes) -> web.Response:
    service = request.app[SERVICE_KEY]
    content_type = request.headers.get("Content-Type", "")
    try:
        documents, problems = decode(body, content_type)
    except SpanError as error:
        raise ApiError("InvalidArgument", str(error)) from error
    fitting = [document for document in documents if document.size <= limits.SEGMENT_BYTES]
    problems += [f"a span is larger than {limits.SEGMENT_BYTES} bytes"] * (len(documents) - len(fitting))
    service.counters["rejected"] += len(problems)
    problems += [refused.message for refused in service.put(fitting)]
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


async def _other(request: web.Request) -> web.Response:
    raise ApiError("NotFound", f"{request.path} is not taken here, only /v1/traces", 404)
