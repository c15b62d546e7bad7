"""The page of one trace: a window of its rows as the address says, one row beside them, and what is said about it."""

from dataclasses import replace
from functools import cached_property
from typing import Any

from xray_local.api.operations.sampling.rules import all_rules
from xray_local.page.frame import formats
from xray_local.page.frame.exchange import Answer, Page, PageRequest, Redirect, missing
from xray_local.page.listing.selected import list_query
from xray_local.page.trace import header, rows
from xray_local.page.trace.about import decision, live, neighbours, others
from xray_local.page.trace.row import pane
from xray_local.page.trace.row.exceptions import RecordedFailure, failures
from xray_local.page.trace.shown import minimap, view
from xray_local.page.trace.shown.picture import Picture, picture
from xray_local.page.trace.sources import SOURCES, StoredTrace

PARTS = ("about", "rows", "pane")
CHIPS = (("errors", "errors"), ("critical", "critical path"), ("slow", "over 5 %"))
"""What `only` may name, and the text of its link."""


async def show(request: PageRequest) -> Answer:
    """Show one trace."""
    given = request.match["trace_id"]
    stored = SOURCES.find(request.region, given)
    if stored is None:
        return missing(f"Trace {given} is not stored.")
    if (location := _moved(request)) is not None:
        return location
    page = TracePage(request, stored)
    if page.view.row and page.chosen is None:
        return missing(f"Trace {stored.id} has no row {page.view.row}.")
    return Page(
        title=page.title,
        section="/",
        template="trace/trace.html",
        context={"page": page},
        data=page.json,
        parts=PARTS,
        refresh=page.view.live,
    )


def _moved(request: PageRequest) -> Redirect | None:
    """Return where an old address of a row is, and the address of the rows after one was folded or unfolded."""
    part, toggle = request.query.get("part", ""), request.query.get("toggle", "")
    if part and part not in PARTS:
        return Redirect(formats.link(request.path + request.match.get("json", ""), row=part), permanent=True)
    if not toggle:
        return None
    fold = view.read(request.query).fold ^ {toggle}
    return Redirect(f"{request.href(fold=','.join(sorted(fold)), toggle='')}#s-{toggle}")


class TracePage:
    """What the template prints; each value is computed when it is printed."""

    def __init__(self, request: PageRequest, stored: StoredTrace) -> None:
        self._request = request
        self.stored = stored
        self.trace = stored.analysed
        self.view = view.read(request.query)
        self.chosen = view.place_of(self.trace, self.view.row) if self.view.row else None
        self.path = formats.trace_href(stored.id)

    @cached_property
    def head(self) -> header.Head:
        """The request and the result."""
        return header.head(self.trace)

    @property
    def title(self) -> str:
        """The title of the document: what distinguishes it among the tabs of a browser."""
        status = "" if self.head.status is None else f"{self.head.status} "
        return f"{status}{self.head.method} {self.head.path} · {formats.duration(self.head.duration)}".strip()

    @property
    def age(self) -> float:
        """Seconds since the start of the trace."""
        return self._request.now - self.head.start

    @cached_property
    def stream(self) -> str:
        """The address that reports its changes, empty if none is expected."""
        if not live.may_grow(self.age, self.head.in_progress):
            return ""
        return formats.link(f"{self.path}/live", after=self._request.region.store.revision(self.stored.id))

    @cached_property
    def neighbours(self) -> neighbours.Neighbours:
        """Its number in the list that the address names, and the traces before and after it."""
        return neighbours.neighbours(self._request, self.stored.id, self.head.start)

    @cached_property
    def place(self) -> others.Place | None:
        """Its place among the traces of the same request."""
        first = self.trace.rows[0]
        return others.place_among(self._request.region, self.head, first.duration or self.head.duration)

    @cached_property
    def alike(self) -> others.Among | None:
        """The other traces that failed like this one."""
        return others.failed_alike(self._request.region, self.trace)

    @cached_property
    def decision(self) -> decision.Decision | None:
        """The sampling rule that took the trace."""
        sampled = header.sampled(self.trace)
        if sampled is None:
            return None
        return decision.decision(sampled, all_rules(self._request.region))

    @property
    def exception(self) -> RecordedFailure | None:
        """The exception that explains the failure."""
        failure = self.trace.failure
        if failure is None or failure.exception is None:
            return None
        return failures(self.trace.rows[failure.exception].body)[0]

    @cached_property
    def spent(self) -> list[tuple[str, float, float]]:
        """The services by their own time in seconds, each with its share of all of them."""
        total = sum(self.trace.services.values()) or 1.0
        return [(name, seconds, seconds / total) for name, seconds in self.trace.spent if seconds > 0]

    @cached_property
    def picture(self) -> Picture | None:
        """The services and their calls as a drawing."""
        return picture(self.trace)

    @cached_property
    def shown(self) -> list[view.Shown]:
        """The rows of the view."""
        return view.shown(self.trace, self.view)

    @cached_property
    def window(self) -> rows.Window:
        """The rows of the window."""
        return rows.window(self.trace, self.view, self.shown)

    @cached_property
    def axis(self) -> rows.Axis:
        """The time that is shown."""
        return rows.axis(self.trace, self.view)

    @property
    def overview(self) -> tuple[minimap.Lane, ...]:
        """The bars of the overview."""
        return minimap.lanes(self.trace, self.shown)

    @property
    def cells(self) -> tuple[minimap.Cell, ...]:
        """The parts of the time that can be zoomed to."""
        return minimap.cells(self.trace)

    @cached_property
    def pane(self) -> pane.Pane | None:
        """The chosen row."""
        return None if self.chosen is None else pane.pane(self.trace, self.chosen)

    @property
    def chosen_key(self) -> str:
        """What names the chosen row in the list: that of the call, if it is the segment that answered it."""
        return "" if self.pane is None else self.pane.first.key

    @property
    def row_zoom(self) -> str:
        """The `zoom` of the chosen row."""
        if self.chosen is None:
            return ""
        start, end = self.trace.places.start[self.chosen], self.trace.places.end[self.chosen]
        return minimap.zoom(start - self.trace.tree.start, end - self.trace.tree.start)

    @property
    def zoomed(self) -> rows.Bar:
        """The part of the overview that is shown."""
        whole = rows.Axis(self.trace.tree.start, self.trace.tree.end)
        return whole.bar(self.axis.start, self.axis.end)

    def key(self, place: int) -> str:
        """Return what names a row in an address."""
        return view.key(self.trace, place)

    @cached_property
    def row_query(self) -> str:
        """The query of a row's address up to its key."""
        query = formats.link("", **self._known(row="", offset=""))
        return f"{query}&row=" if query else "?row="

    def row_href(self, place: int) -> str:
        """Return the address of a row in the whole trace."""
        return formats.link(self.path, row=view.key(self.trace, place))

    def whole_href(self, **changes: str) -> str:
        """Return the address of the whole trace, as one of the same list."""
        return formats.link(self.path, **(list_query(self._request) | changes))

    def href(self, **changes: str | int) -> str:
        """Return the address of another view; it begins with the first row."""
        return formats.link(self.path, **self._known(**{"offset": "", **changes}))

    def _known(self, **changes: str | int) -> dict[str, str | int]:
        known = {name: text for name, text in self._request.query.items() if name not in {"part", "toggle"}}
        return {**known, **changes}

    @property
    def state(self) -> dict[str, str]:
        """What the form of the rows sends besides its own fields."""
        return {name: text for name, text in self._known(offset="", find="").items() if isinstance(text, str) and text}

    @property
    def chips(self) -> list[tuple[str, str, bool]]:
        """The links that choose rows: text, address, and whether it is chosen."""
        counts = {"errors": f" {len(self.trace.failed):,}"} if self.trace.failed else {}
        found = []
        for name, text in CHIPS:
            if name != "errors" or self.trace.failed:
                others_chosen = [known for known in self.view.only if known != name]
                is_on = name in self.view.only
                only = ",".join(others_chosen if is_on else [*others_chosen, name])
                found.append((f"{text}{counts.get(name, '')}", self.href(only=only), is_on))
        if self.trace.answers:
            found.append(
                ("calls and answers as two rows", self.href(calls="" if self.view.calls else "all"), self.view.calls)
            )
        return found

    def json(self) -> dict[str, Any]:
        """Return the numbers of the view, or of the chosen row; a call and the segment that answered it are two."""
        found = [row.place for row in view.shown(self.trace, replace(self.view, calls=True))]
        if self.pane is not None:
            found = [part.place for part in self.pane.parts]
        first = min(self.view.offset or 0, max(0, len(found) - 1))
        part = found[first : first + rows.ROWS_PER_PAGE]
        end = first + len(part)
        return {
            "trace_id": self.stored.id,
            "w3c_trace_id": self.stored.w3c_id,
            "limit_exceeded": self.stored.limited,
            "start": self.trace.tree.start,
            "duration": self.trace.tree.duration,
            "services": self.trace.services,
            "total": len(found),
            "next": self.href(offset=end) if end < len(found) else None,
            "rows": [rows.row_json(self.trace, place) for place in part],
        }
