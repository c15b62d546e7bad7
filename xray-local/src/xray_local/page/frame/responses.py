"""What pages return as HTTP responses: HTML, a part of it, or JSON, with headers, an ETag and gzip.

The policy allows styles, scripts and images of this server only, and nothing inline; what a script inserts as HTML has
to pass through the one trusted-types policy `xray`.
"""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiohttp import web

from xray_local.errors import ApiError
from xray_local.listener import REGION_KEY
from xray_local.page.frame import static_files
from xray_local.page.frame.exchange import Answer, Page, PageRequest, Redirect, Show, Stream, Text, message, missing
from xray_local.page.frame.navigation import THEME_COOKIE, local, theme

if TYPE_CHECKING:
    import jinja2

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types xray",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none, browsers send the forms of these pages with the Origin `null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
GZIP_LEVEL = 5
GZIP_MIN = 1_000  # bytes; below that the headers are most of the response
YEAR_SECONDS = 31_536_000
TEMPLATES: web.AppKey[Callable[[], "jinja2.Environment"]] = web.AppKey("templates")
STREAMS: web.AppKey[WeakSet[asyncio.Task[Any] | None]] = web.AppKey("streams", WeakSet)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def templates() -> Callable[[], "jinja2.Environment"]:
    """Return what returns the environment, which is made for the first page."""

    @cache
    def made() -> "jinja2.Environment":
        from xray_local.page.frame import templates  # with Jinja two megabytes, which a process without readers saves

        return templates.environment()

    return made


async def end_streams(app: web.Application) -> None:
    """End the streams, which would otherwise keep the server from stopping."""
    for task in app[STREAMS]:
        if task is not None:
            task.cancel()


def handler(show: Show) -> Handler:
    """Return the handler of a page; what an operation of the API refuses is a page as well."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            answer = await show(_page_request(request))
        except ApiError as error:
            answer = message("Bad request", f"{error.message}.", error.status)
        return await respond(request, answer)

    return handle


async def respond(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Return the response of an answer."""
    match answer:
        case Page():
            return _page(request, answer)
        case Text(body, content_type, headers):
            return _whole(request, body, content_type, 200, headers)
        case Redirect(location, permanent, headers):
            found = {**HEADERS, "Location": location, **headers}
            return web.Response(status=301 if permanent else 303, headers=found)
        case Stream():
            return await _stream(request, answer)


async def static_file(request: web.Request) -> web.StreamResponse:
    """Return a static file, to be kept for a year: other content has another address."""
    file = static_files.by_href().get(request.path)
    if file is None:
        return await respond(request, missing(f"There is no file {request.path}."))
    cached = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"}
    return _whole(request, file.body, file.content_type, 200, cached)


async def choose_theme(request: PageRequest) -> Answer:
    """Keep the theme that the address names in a cookie, and return to where the link was."""
    chosen = theme(request.query.get("set", ""))
    cookie = f"{THEME_COOKIE}={chosen}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Strict; HttpOnly"
    return Redirect(local(request.query.get("back", "")), headers={"Set-Cookie": cookie})


def _page_request(request: web.Request) -> PageRequest:
    region = request.app[REGION_KEY]
    base = f"{request.scheme}://{request.host}"
    path = request.path.removesuffix(".json") if request.match_info.get("json") else request.path
    return PageRequest(region, path, request.match_info, request.query, base, region.clock())


def _page(request: web.Request, page: Page) -> web.Response:
    if _wants_json(request):
        body = json.dumps(page.data() if callable(page.data) else page.data).encode()
        return _whole(request, body, "application/json", page.status)
    template = request.app[TEMPLATES]().get_template(page.template)
    context = _shared(request, page) | dict(page.context)
    part = request.query.get("part", "")
    if part in page.parts:
        text = "".join(template.blocks[part](template.new_context(context)))
    else:
        text = template.render(context)
    body = text.encode("utf-8", "replace")  # a name from JSON may have an unpaired surrogate, which UTF-8 cannot hold
    return _whole(request, body, "text/html", page.status)


def _shared(request: web.Request, page: Page) -> dict[str, Any]:
    path = "/traces" if request.path == "/" else request.path
    query = f"?{request.rel_url.raw_query_string}" if request.query_string else ""
    return {
        "title": page.title,
        "section": page.section,
        "refresh": page.refresh,
        "health": request.app[REGION_KEY].health(),
        "json_href": f"{path}.json{query}",
        "theme": theme(request.cookies.get(THEME_COOKIE, "")),
        "here": request.path_qs,
    }


def _whole(
    request: web.Request, body: bytes, content_type: str, status: int, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a response with its ETag, 304 if the client has it, and compressed if the client can read that."""
    tag = f'W/"{blake2b(body, digest_size=8).hexdigest()}"'
    found = {**HEADERS, "Vary": "Accept, Accept-Encoding, Cookie", "Cache-Control": "no-cache", "ETag": tag}
    found |= headers or {}
    if status == 200 and tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=found)
    if len(body) >= GZIP_MIN and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        found["Content-Encoding"] = "gzip"
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, status=status, content_type=content_type, charset=charset, headers=found)


async def _stream(request: web.Request, stream: Stream) -> web.StreamResponse:
    response = web.StreamResponse(headers={**HEADERS, "Cache-Control": "no-store"})
    response.content_type = "text/event-stream"
    await response.prepare(request)
    request.app[STREAMS].add(asyncio.current_task())
    with suppress(ConnectionResetError):  # the client has left
        async for data in stream.events:
            await response.write(f"data: {data}\n\n".encode() if data else b":\n\n")
    return response


def _wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return bool(request.match_info.get("json")) or ("application/json" in accept and "text/html" not in accept)
