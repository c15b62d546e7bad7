"""The page of all services, and that of one."""

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from xray_local.page.frame.exchange import Page, PageRequest, missing
from xray_local.page.frame.formats import filter_href
from xray_local.page.listing.query import RANGES
from xray_local.page.queries import all_items
from xray_local.page.services.expressions import named
from xray_local.page.services.numbers import SHOWS, Graph, Show
from xray_local.page.services.one_service import EXAMPLES, one_service
from xray_local.page.services.reading import SAMPLE, Scope, count_traces, newest, read_graph, read_map
from xray_model import DEFAULT_GROUP_NAME
from xray_model.filter_expression import nodes

SECTION = "/services"


async def show_all(request: PageRequest) -> Page:
    """Show the service graph as a map and as a table; ApiError if there is no group of the name that is asked for."""
    region, scope, show = request.region, _scope(request), _show(request)
    graph = read_graph(region, scope, show)
    traces = count_traces(region, scope)
    context = _links(request) | _named(graph)
    context |= {"graph": graph, "map": read_map(region, scope, show), "scope": scope, "show": show, "traces": traces}
    data = {"range": scope.range, "group": scope.group, "show": show, "traces": traces, **asdict(graph)}
    return Page(title="Services", section=SECTION, template="services/services.html", context=context, data=data)


async def show_one(request: PageRequest) -> Page:
    """Show one service: its routes, its callers and what it calls, and examples that failed or were slow."""
    region, name = request.region, request.match["name"]
    graph = read_graph(region, Scope("all", "", request.now), "traffic")
    sample = newest(region, named(name), SAMPLE)
    failed = newest(region, named(name, nodes.Flag("fault")), EXAMPLES)
    found = one_service(name, graph, sample, failed)
    if found is None:
        return missing(f"There is no service {name} in the stored traces.")
    context = _named(graph) | {"service": found, "is_part": len(sample) == SAMPLE, "now": request.now}
    return Page(title=name, section=SECTION, template="services/service.html", context=context, data=asdict(found))


def service_href(name: str) -> str:
    """Return the address of the page of one service."""
    return f"{SECTION}/{quote(name, safe='', errors='replace')}"


def _named(graph: Graph) -> dict[str, Any]:
    names = {service.key: service for service in graph.services}
    return {"names": names, "href": filter_href, "service_href": service_href}


def _links(request: PageRequest) -> dict[str, Any]:
    """Return what else can be shown: names with their addresses."""
    groups = (group["GroupName"] for group in all_items("GetGroups", request.region, "Groups"))
    return {
        "shows": [(show, request.href(show=show)) for show in SHOWS],
        "ranges": [(key, label, request.href(range=key)) for key, (label, _) in RANGES.items()],
        "groups": [(name, request.href(group=name)) for name in groups if name != DEFAULT_GROUP_NAME],
        "every_group": request.href(group=""),
    }


def _scope(request: PageRequest) -> Scope:
    range_ = request.query.get("range", "all")
    return Scope(range_ if range_ in RANGES else "all", request.query.get("group", ""), request.now)


def _show(request: PageRequest) -> Show:
    wanted = request.query.get("show", "")
    return next((show for show in SHOWS if show == wanted), "traffic")
