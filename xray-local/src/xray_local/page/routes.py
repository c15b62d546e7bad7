"""The addresses of the pages, in one table: each is HTML, and at the same address with `.json` its numbers."""

from weakref import WeakSet

from aiohttp import web

from xray_local.page.frame import help as help_page
from xray_local.page.frame import responses
from xray_local.page.frame.exchange import Show
from xray_local.page.groups import page as groups
from xray_local.page.listing import completion, live, save
from xray_local.page.listing import page as listing
from xray_local.page.sampling import page as sampling
from xray_local.page.services import page as services
from xray_local.page.start import page as start
from xray_local.page.start import refused
from xray_local.page.trace import exports
from xray_local.page.trace import page as trace
from xray_local.page.trace.about import compare
from xray_local.page.trace.about import live as trace_live

ROUTES: tuple[tuple[str, Show], ...] = (
    ("/traces", listing.show),
    ("/traces/{trace_id:[^/]+?}", trace.show),
    ("/traces/{trace_id:[^/]+?}/compare", compare.choose),
    ("/traces/{trace_id:[^/]+?}/compare/{other:[^/]+?}", compare.show),
    ("/services", services.show_all),
    ("/services/{name:.+?}", services.show_one),
    ("/groups/new", save.show),
    ("/groups", groups.show),
    ("/sampling", sampling.show),
    ("/rules", sampling.moved),
    ("/start", start.show),
    ("/clear", start.confirm),
    ("/refused", refused.show),
    ("/help", help_page.show),
)
"""Addresses that also exist with `.json`."""

PLAIN: tuple[tuple[str, Show], ...] = (
    ("/traces/{trace_id:[^/]+?}.md", exports.show_markdown),
    ("/traces/{trace_id:[^/]+?}.otlp.json", exports.show_otlp),
    ("/traces/{trace_id:[^/]+?}.segments.json", exports.show_segments),
    ("/traces/{trace_id:[^/]+?}/live", trace_live.stream),
    ("/", listing.show),
    ("/groups/{name:.+}.yaml", groups.show_manifest),
    ("/live", live.stream),
    ("/words.json", completion.show),
    ("/theme", responses.choose_theme),
)
"""Addresses that exist as they are only: files of other formats, streams, redirections."""

ACTIONS: tuple[tuple[str, Show], ...] = (
    ("/start/example", start.store_example),
    ("/clear", start.clear),
)
"""What forms send to; the request guard refuses those of other sites' pages."""


def add_routes(app: web.Application) -> None:
    """Add the pages and the static files."""
    app[responses.TEMPLATES] = responses.environment()
    app[responses.STREAMS] = WeakSet()
    app.on_shutdown.append(responses.end_streams)
    pages = [web.get(f"{path}{{json:(\\.json)?}}", responses.handler(show)) for path, show in ROUTES]
    plain = [web.get(path, responses.handler(show)) for path, show in PLAIN]
    actions = [web.post(path, responses.handler(act)) for path, act in ACTIONS]
    app.add_routes([*plain, *pages, *actions, web.get("/static/{name:.+}", responses.static_file)])
