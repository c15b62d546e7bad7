"""The middleware of every HTTP listener: it checks Host and Origin, and turns errors into JSON.

The checks protect from DNS rebinding and from other sites' pages: a Host that is an IP address cannot be rebound, of
names only localhost and the allowed ones are served; a request with an Origin must come from this server's own page.
Unexpected errors are logged and answered without a traceback.
"""

import ipaddress
import logging
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from xray_local.api.responses import error_response
from xray_local.errors import ApiError, StoreError
from xray_local.listener import BODY_MAX

_log = logging.getLogger(__name__)


def middleware(allowed_hosts: Collection[str]) -> Middleware:
    """Return the middleware; `allowed_hosts` are names that are served besides localhost."""
    names = {"localhost", *(name.lower() for name in allowed_hosts)}

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        problem = _problem(request, names)
        if problem:
            return error_response(ApiError("Forbidden", problem, 403))
        try:
            return await handler(request)
        except Exception as error:
            known = _known(request, error)
            if known is None and isinstance(error, web.HTTPException):
                raise
            if known is None:
                _log.exception("request_failed method=%s path=%s", request.method, request.path)
                known = ApiError("InternalFailure", "internal error: see the log of xray-local", 500)
            return error_response(known)

    return guard


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


def _problem(request: web.Request, names: Collection[str]) -> str | None:
    host = request.headers.get("Host", "")
    name = _hostname(host)
    if not (name in names or _is_address(name)):
        return f"Host: {host!r}: expected an IP address, localhost or a name in --allow-host"
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return f"Origin: {origin!r}: expected http://{host}"
    return None


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:  # an unbalanced bracket
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
