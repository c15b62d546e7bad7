"""The addresses of the pages, in one table: each is HTML, and at the same address with `.json` its numbers."""

from weakref import WeakSet

from aiohttp import web

from xray_local.page.frame import help as help_page
from xray_local.page.frame import responses
from xray_local.page.frame.exchange import Show
from xray_local.page.groups import page as groups
from xray_local.page.listing import live, save
from xray_local.page.listing import page as listing
from xray_local.page.sampling import page as sampling
from xray_local.page.start import refused
from xray_local.page.trace import compare, exports
from xray_local.page.trace import page as trace

ROUTES: tuple[tuple[str, Show], ...] = (
    ("/traces", listing.show),
    ("/traces/{trace_id:[^/]+?}", trace.show),
    ("/traces/{trace_id:[^/]+?}/compare", compare.choose),
    ("/traces/{trace_id:[^/]+?}/compare/{other:[^/]+?}", compare.show),
    ("/groups/new", save.show),
    ("/groups", groups.show),
    ("/rules", sampling.show),
    ("/refused", refused.show),
    ("/help", help_page.show),
)
"""Addresses that also exist with `.json`."""

PLAIN: tuple[tuple[str, Show], ...] = (
    ("/traces/{trace_id:[^/]+?}.md", exports.show_markdown),
    ("/traces/{trace_id:[^/]+?}.otlp.json", exports.show_otlp),
    ("/traces/{trace_id:[^/]+?}.segments.json", exports.show_segments),
    ("/", listing.show),
    ("/live", live.stream),
    ("/theme", responses.choose_theme),
)
"""Addresses that exist as they are only: files of other formats, streams, redirections."""


def add_routes(app: web.Application) -> None:
    """Add the pages and the static files."""
    app[responses.TEMPLATES] = responses.environment()
    app[responses.STREAMS] = WeakSet()
    app.on_shutdown.append(responses.end_streams)
    pages = [web.get(f"{path}{{json:(\\.json)?}}", responses.handler(show)) for path, show in ROUTES]
    plain = [web.get(path, responses.handler(show)) for path, show in PLAIN]
    app.add_routes([*plain, *pages, web.get("/static/{name:.+}", responses.static_file)])
