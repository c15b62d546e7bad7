"""The traces that an address of the list selects: for the list, and for the page of one of them."""

from dataclasses import dataclass, replace

from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups as group_operations
from xray_local.page.frame.exchange import PageRequest
from xray_local.page.listing import charts, field
from xray_local.page.listing.query import RANGES, Query, read_query, step_seconds
from xray_local.state.store import Selection
from xray_model.filter_expression import Expression

LIST_PARAMETERS = ("q", "filter", "range", "from", "to", "took", "sort", "by")
"""What an address of the list says about its traces; links to a trace keep it."""

OVERVIEW_SECONDS = 0.3  # of CPU time; beyond it the numbers are those of the newest traces


@dataclass(frozen=True, slots=True)
class Selected:
    """The query of an address, how its field was read, a column of the heat map in seconds, and the traces."""

    query: Query
    reading: field.Reading
    step: int
    selection: Selection
    filter: TraceFilter

    def narrowed(self, term: Expression) -> Selection:
        """Return those of the traces for which a term is true."""
        return replace(self.selection, filter=self.filter.narrowed(term))


def selected(request: PageRequest) -> Selected:
    """Return what the query of a request selects: every trace, if its field has a mistake."""
    query = read_query(request.query)
    step = _step(request, query)
    reading = _reading(request, query, step)
    trace_filter = TraceFilter(query.expression(reading), group_operations.expressions(request.region))
    times = query.times(request.now, step)
    if reading.trace_id:  # of a trace that is not stored
        times = 0.0, 0.0
    return Selected(query, reading, step, Selection(*times, "start", trace_filter), trace_filter)


def list_query(request: PageRequest) -> dict[str, str]:
    """Return the part of the query of a request that selects traces."""
    return {name: request.query[name] for name in LIST_PARAMETERS if request.query.get(name)}


def _step(request: PageRequest, query: Query) -> int:
    seconds = RANGES[query.range][1]
    if query.start is None and seconds is not None:
        return step_seconds(seconds)
    span = request.region.store.span() or (request.now, request.now)
    start = query.start if query.start is not None else span[0]
    end = query.end if query.end is not None else span[1]
    return step_seconds(max(0.0, end - start))


def _reading(request: PageRequest, query: Query, step: int) -> field.Reading:
    if query.strict:
        return field.read_expression(query.typed)
    slow = 0.0
    if "slow" in query.typed.lower().split():
        everything = Selection(*query.times(request.now, step))
        overview = request.region.store.overview(everything, seconds=OVERVIEW_SECONDS)
        slow = charts.slow_seconds(overview.total)
    return field.read(query.typed, slow=slow)
