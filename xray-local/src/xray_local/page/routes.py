"""The addresses of the pages, in one table: each is HTML, and at the same address with `.json` its numbers.

The functions are named, not imported: the modules of the pages are a fifth of what the server would import before it
answers, and no client of the API needs them. Once there are traces to read, they are imported while nothing arrives.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from weakref import WeakSet

from aiohttp import web

from xray_local.page.frame import responses
from xray_local.page.frame.exchange import Answer, PageRequest, Show

ROUTES: tuple[tuple[str, str], ...] = (
    ("/traces", "listing.page.show"),
    ("/traces/{trace_id:[^/]+?}", "trace.page.show"),
    ("/traces/{trace_id:[^/]+?}/compare", "trace.about.compare.choose"),
    ("/traces/{trace_id:[^/]+?}/compare/{other:[^/]+?}", "trace.about.compare.show"),
    ("/services", "services.page.show_all"),
    ("/services/{name:.+?}", "services.page.show_one"),
    ("/groups/new", "listing.save.show"),
    ("/groups", "groups.page.show"),
    ("/sampling", "sampling.page.show"),
    ("/rules", "sampling.page.moved"),
    ("/start", "start.page.show"),
    ("/clear", "start.page.confirm"),
    ("/refused", "start.refused.show"),
    ("/help", "frame.help.show"),
)
"""Addresses that also exist with `.json`, and the function below `xray_local.page` that returns their answers."""

PLAIN: tuple[tuple[str, str], ...] = (
    ("/traces/{trace_id:[^/]+?}.md", "trace.exports.show_markdown"),
    ("/traces/{trace_id:[^/]+?}.otlp.json", "trace.exports.show_otlp"),
    ("/traces/{trace_id:[^/]+?}.segments.json", "trace.exports.show_segments"),
    ("/traces/{trace_id:[^/]+?}/live", "trace.about.live.stream"),
    ("/", "listing.page.show"),
    ("/groups/{name:.+}.yaml", "groups.page.show_manifest"),
    ("/live", "listing.live.stream"),
    ("/words.json", "listing.completion.show"),
    ("/theme", "frame.responses.choose_theme"),
)
"""Addresses that exist as they are only: files of other formats, streams, redirections."""

ACTIONS: tuple[tuple[str, str], ...] = (
    ("/start/example", "start.page.store_example"),
    ("/clear", "start.page.clear"),
)
"""What forms send to; the request guard refuses those of other sites' pages."""


@cache
def load(name: str) -> Show:
    """Return a page's function by its module below `xray_local.page` and its name."""
    module, _, function = name.rpartition(".")
    show: Show = getattr(import_module(f"xray_local.page.{module}"), function)
    return show


def _handler(name: str) -> responses.Handler:
    async def show(request: PageRequest) -> Answer:
        return await load(name)(request)

    return responses.handler(show)


def prepare(app: web.Application) -> Iterator[None]:
    """Import what the pages need, and their templates, a part at each step: first what the list of traces needs."""
    templates = app[responses.TEMPLATES]()
    yield
    for _, name in (*ROUTES, *PLAIN):
        load(name)
        yield
    for template in templates.list_templates(extensions=["html"]):
        templates.get_template(template)
        yield


def add_routes(app: web.Application) -> None:
    """Add the pages and the static files."""
    app[responses.TEMPLATES] = responses.templates()
    app[responses.STREAMS] = WeakSet()
    app.on_shutdown.append(responses.end_streams)
    pages = [web.get(f"{path}{{json:(\\.json)?}}", _handler(name)) for path, name in ROUTES]
    plain = [web.get(path, _handler(name)) for path, name in PLAIN]
    actions = [web.post(path, _handler(name)) for path, name in ACTIONS]
    app.add_routes([*plain, *pages, *actions, web.get("/static/{name:.+}", responses.static_file)])
