"""The X-Ray REST API: every route of botocore's model, one handler, one place where errors become answers.

The same routes are on the API's port and on the agent's TCP port (`door` tells them apart in the log of calls).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from xray_local.api import shapes
from xray_local.api.faults import READS, SCRIPT_KEY
from xray_local.api.operations import OPERATIONS
from xray_local.errors import ApiError, invalid
from xray_local.state.region import SERVICE_KEY

BODY_MAX = 16 * 1024 * 1024  # bytes, after decompression
DOOR_KEY = web.AppKey("door", str)
_LOGGED_BODY_MAX = 10_000  # bytes of a body that the log of calls keeps
CONTENT_TYPES = ("application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1")


def add_routes(app: web.Application) -> None:
    """Add all operations of the model; those that are not built answer 501 by name."""
    for route in shapes.routes():
        app.router.add_post(route.path, _handler(route))


def _handler(route: shapes.Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        raw, body = b"", {}
        status = 500
        try:
            raw = await request.read()
            body = _body(request.headers.get("Content-Type", ""), raw)
            _check(route, body)
            answer = await _answered(route.operation, body, request, raw)
            status = 200
            return web.json_response(answer)
        except ApiError as error:
            status = error.status
            raise
        finally:
            log_call(request, route.operation, status, body if len(raw) <= _LOGGED_BODY_MAX else {})

    return handle


def log_call(request: web.Request, operation: str, status: int, body: dict[str, Any]) -> None:
    """Note a call for `/_local/requests`: who made it (an IP address), and the region and service it was signed for."""
    request.app[SCRIPT_KEY].log(
        operation=operation,
        door=request.app[DOOR_KEY],
        time=request.app[SERVICE_KEY].clock(),
        status=status,
        body=body,
        peer=request.remote,
        scope=_signed_scope(request.headers.get("Authorization", "")),
    )


def _signed_scope(authorization: str) -> str | None:
    """Read `REGION/SERVICE` out of a Signature Version 4 header; the signature itself is never checked."""
    credential = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return f"{credential[2]}/{credential[3]}" if len(credential) == 5 else None


async def _answered(operation: str, body: dict[str, Any], request: web.Request, raw: bytes) -> Any:
    """Carry an operation out, with the fault that is scripted for it."""
    script, service = request.app[SCRIPT_KEY], request.app[SERVICE_KEY]
    asked = (request.app[DOOR_KEY], operation, raw.decode(errors="replace"))
    fault = script.take(operation)
    if fault is not None and fault.when == "before":
        await fault.strike()
    answer = script.remembered(asked) if fault is not None and fault.stale else None
    if answer is None:
        answer = OPERATIONS[operation](service, body)
        if operation in READS:
            script.remember(asked, answer)
    if fault is not None and fault.when == "after":
        await fault.strike()
    return answer


def error_response(error: ApiError) -> web.Response:
    """Answer an error as the rest-json protocol has it."""
    shown = {"__type": error.code, "message": error.message, "Message": error.message}
    return web.json_response(shown, status=error.status, headers={"x-amzn-ErrorType": error.code})


def _body(content_type: str, raw: bytes) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if raw and kind and kind not in CONTENT_TYPES:
        problem = f"Content-Type is {kind!r}, expected {CONTENT_TYPES[0]}"
        raise ApiError("UnsupportedMediaTypeException", problem, 415)
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError("SerializationException", f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError("SerializationException", f"the body is a JSON {type(body).__name__}, expected an object")
    return body


def _check(route: shapes.Route, body: dict[str, Any]) -> None:
    if route.operation not in OPERATIONS:
        raise ApiError("NotImplemented", f"xray-local does not build the operation {route.operation}", 501)
    if route.input_shape is None:
        return
    try:
        shapes.check(route.input_shape, body)
    except shapes.ShapeError as error:
        raise invalid(str(error)) from error
