"""The routes of the X-Ray REST API: every operation of botocore's model, all answered by one handler."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import orjson
from aiohttp import web

from xray_local.api import shapes
from xray_local.api.faults import READS, FaultScript
from xray_local.api.operations import OPERATIONS
from xray_local.api.operations.sampling.accepted import accepted
from xray_local.errors import ApiError, invalid
from xray_local.listener import NAME_KEY, REGION_KEY, log_request, read_body

FAULTS_KEY = web.AppKey("faults", FaultScript)
CONTENT_TYPES = ("application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1")


def add_routes(app: web.Application) -> None:
    """Add all operations of the model."""
    for route in shapes.routes():
        app.router.add_post(route.path, _handler(route))


def _handler(route: shapes.Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        raw = b""
        status = 500
        try:
            raw = await read_body(request)
            body, odd = accepted(route.operation, _body(request.headers.get("Content-Type", ""), raw))
            _check(route, body)
            for message in odd:
                request.app[REGION_KEY].note("odd", route.operation, "NotInModel", message)
            answer = await _answer(route.operation, body, request, raw)
            status = 200
            return web.Response(body=orjson.dumps(answer), content_type=CONTENT_TYPES[0])
        except ApiError as error:
            status = error.status
            raise
        finally:
            log_request(request, route.operation, status, raw)

    return handle


async def _answer(operation: str, body: dict[str, Any], request: web.Request, raw: bytes) -> Any:
    """Carry out an operation, with the fault that is scripted for it."""
    script, region = request.app[FAULTS_KEY], request.app[REGION_KEY]
    fault = script.take(operation)
    if fault is not None and fault.when == "before":
        await fault.apply()
    if operation in READS:
        key = (request.app[NAME_KEY], operation, sha256(raw).hexdigest())
        answer = script.remembered(key) if fault is not None and fault.stale else None
        if answer is None:
            answer = OPERATIONS[operation](region, body)
            script.remember(key, answer)
    else:
        answer = OPERATIONS[operation](region, body)
    if fault is not None and fault.when == "after":
        await fault.apply()
    return answer


def _body(content_type: str, raw: bytes) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if raw and kind and kind not in CONTENT_TYPES:
        problem = f"Content-Type: {kind!r}: expected {CONTENT_TYPES[0]}"
        raise ApiError("UnsupportedMediaTypeException", problem, 415)
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError("SerializationException", f"the body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError("SerializationException", f"the body is a JSON {type(body).__name__}: expected an object")
    return body


def _check(route: shapes.Route, body: dict[str, Any]) -> None:
    if route.input_shape is None:
        return
    try:
        shapes.check(route.input_shape, body)
    except shapes.ShapeError as error:
        raise invalid(str(error)) from error
