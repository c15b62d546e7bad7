"""The middleware of every HTTP listener: it checks Host and Origin, turns errors into JSON and numbers the responses.

The checks protect from DNS rebinding and from other sites' pages: a Host that is an IP address cannot be rebound, of
names only localhost and the allowed ones are served; a request with an Origin must come from this server's own page or
from an allowed origin, which is then answered with CORS headers. Unexpected errors are logged and answered without a
traceback. Every response has a request id, as AWS's have.
"""

import ipaddress
import logging
import os
from collections.abc import Collection, Mapping
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from xray_local.api.responses import error_response
from xray_local.errors import ApiError, StoreError
from xray_local.listener import BODY_MAX, REGION_KEY

_log = logging.getLogger(__name__)
ANY_ORIGIN = "*"
REQUEST_ID = "x-amzn-RequestId"
KNOWN_HOSTS = 100
PREFLIGHT_SECONDS = 600  # that a browser need not ask again


def middleware(allowed_hosts: Collection[str], allowed_origins: Collection[str] = ()) -> Middleware:
    """Return the middleware.

    `allowed_hosts` are names that are served besides localhost, `allowed_origins` those of pages that may use the API
    (`*` for all).
    """
    names = {"localhost", *(name.lower() for name in allowed_hosts)}
    origins = {origin.lower() for origin in allowed_origins}
    host_problem = lru_cache(KNOWN_HOSTS)(lambda host: _host_problem(host, names))

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        cross = origin is not None and (ANY_ORIGIN in origins or origin.lower() in origins)
        problem = host_problem(request.headers.get("Host", "")) or ("" if cross else _origin_problem(request, origin))
        if problem:
            _note(request, problem)
            response: web.StreamResponse = error_response(ApiError("Forbidden", problem, 403))
        elif cross and _is_preflight(request):
            response = web.Response(status=204, headers=_preflight(request))
        else:
            response = await _answer(request, handler)
        if cross and origin is not None:
            response.headers.update(_cross_origin(origin))
        response.headers[REQUEST_ID] = _request_id()
        return response

    return guard


def _note(request: web.Request, problem: str) -> None:
    """Note a refusal, since the client that sends traces to the wrong name may show none."""
    region = request.app.get(REGION_KEY)
    if region is not None:
        region.note("refused", f"{request.method} {request.path}", "Forbidden", problem)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:
        response = _error_answer(request, error)
        if response is None:
            raise
        return response


def _error_answer(request: web.Request, error: Exception) -> web.Response | None:
    """Return what an error is answered with; None if it is a response itself, such as a redirect.

    A variable of `_answer` with an error would make a cycle with the error's traceback: the body of each refused
    request would stay in memory until Python collects cycles.
    """
    known = _known(request, error)
    if known is None and isinstance(error, web.HTTPException):
        return None
    if known is None:
        _log.exception("request_failed method=%s path=%s", request.method, request.path)
        known = ApiError("InternalFailure", "internal error: see the log of xray-local", 500)
    return error_response(known)


def _request_id() -> str:
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _is_preflight(request: web.Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _preflight(request: web.Request) -> Mapping[str, str]:
    return {
        "Access-Control-Allow-Methods": request.headers["Access-Control-Request-Method"],
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", ""),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def _cross_origin(origin: str) -> Mapping[str, str]:
    exposed = f"{REQUEST_ID}, x-amzn-ErrorType"
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": exposed, "Vary": "Origin"}


def _known(request: web.Request, error: Exception) -> ApiError | None:
    match error:
        case ApiError():
            return error
        case StoreError():
            _log.error("store_failed reason=%r", str(error))
            return ApiError("InternalFailure", str(error), 500)
        case web.HTTPRequestEntityTooLarge():
            return ApiError("RequestTooLarge", f"the body is too large: expected at most {BODY_MAX} bytes", 413)
        case web.RequestPayloadError():
            return ApiError("SerializationException", "the body cannot be read or decompressed")
        case web.HTTPNotFound():
            return ApiError("UnknownOperationException", f"unknown path {request.path}", 404)
        case web.HTTPMethodNotAllowed():
            expected = ", ".join(sorted(error.allowed_methods))
            return ApiError("MethodNotAllowed", f"{request.method} {request.path}: expected {expected}", 405)
    return None


def _host_problem(host: str, names: Collection[str]) -> str:
    name = (_split(f"//{host}").hostname or "").rstrip(".")
    if name in names or _is_address(name):
        return ""
    return f"Host: {host!r}: expected an IP address, localhost or a name in --allow-host"


def _origin_problem(request: web.Request, origin: str | None) -> str:
    host = request.headers.get("Host", "")
    if origin is None or _split(origin).netloc.lower() == host.lower():
        return ""
    return f"Origin: {origin!r}: expected http://{host}, or one in --allow-origin"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # an unbalanced bracket
        return urlsplit("")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
