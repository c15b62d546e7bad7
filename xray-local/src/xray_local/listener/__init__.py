"""What each HTTP listener of a process shares: the region, and the log of requests.

A process has three listeners: `api` (the API, OTLP and the page), `agent` (the API) and `otlp` (OTLP).
"""

import asyncio
import logging
from contextlib import nullcontext, suppress
from typing import Literal

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from xray_local.errors import ApiError, StoreError
from xray_local.state.indexing import catch_up
from xray_local.state.region import Region
from xray_local.state.request_log import LoggedRequest

Name = Literal["api", "agent", "otlp"]
NAME_KEY: web.AppKey[Name] = web.AppKey("listener")
REGION_KEY = web.AppKey("region", Region)
LOGGED_BODY_MAX = 10_000  # bytes of a body that the log of requests keeps
REASON_MAX = 200  # characters of why a request cannot be read
BODY_MAX = 16 * 1024 * 1024  # bytes of a request, after decompression
BODY_SECONDS = 30.0  # that a body may take to arrive
_NOT_OF_TRACES = frozenset(
    {"/TraceSegments", "/v1/traces", "/TelemetryRecords", "/GetSamplingRules", "/SamplingTargets", "/_local/reset"}
)
_HEALTH = "/_local/health"


class _OneLine(logging.Filter):
    """Reduces what aiohttp logs about bytes that are no HTTP request from a traceback to a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every record is kept."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            reason = " ".join(str(error.message).split())[:REASON_MAX]
            record.levelno, record.levelname, record.exc_info = logging.INFO, "INFO", None
            record.msg, record.args = "bad_request peer=%s reason=%r", (*(record.args or ("",)), reason)
        return True


def server_logger() -> logging.Logger:
    """Return the logger of the HTTP servers."""
    logger = logging.getLogger("xray_local.http")
    if not logger.filters:
        logger.addFilter(_OneLine())
    return logger


@web.middleware
async def index_first(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Index what was stored before a request that may read it; the store itself would do it without a break."""
    if request.path not in _NOT_OF_TRACES:
        with suppress(StoreError) if request.path == _HEALTH else nullcontext():  # it reports that itself
            await catch_up(request.app[REGION_KEY].store)
    return await handler(request)


async def read_body(request: web.Request) -> bytes:
    """Return the body; ApiError if it does not arrive in time."""
    if request.content.is_eof():  # most have arrived with their head, and need no timer
        return await request.read()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise ApiError("RequestTimeout", f"the body did not arrive within {BODY_SECONDS:g} s", 408) from error


def log_request(request: web.Request, operation: str, status: int, body: bytes = b"") -> None:
    """Add a request to the log."""
    region = request.app[REGION_KEY]
    region.requests.append(
        LoggedRequest(
            operation=operation,
            listener=request.app[NAME_KEY],
            time=region.clock(),
            status=status,
            body=body if len(body) <= LOGGED_BODY_MAX else b"",
            peer=(request.remote or "").removeprefix("::ffff:") or None,  # IPv4 on a listener of IPv6
            scope=_signed_scope(request.headers.get("Authorization", "")),
        )
    )


def _signed_scope(authorization: str) -> str | None:
    """Return `REGION/SERVICE` of a Signature Version 4 header; the signature itself is never checked."""
    credential = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return f"{credential[2]}/{credential[3]}" if len(credential) == 5 else None
