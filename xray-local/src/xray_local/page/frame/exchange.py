"""What a page is given, and what it returns: values, so that the pages know nothing of the HTTP server.

A page is HTML and, at the same address with `.json`, numbers. `parts` names the blocks of its template that
`?part=NAME` returns without the frame.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xray_local.page.frame.formats import link, whole_number
from xray_local.state.region import Region


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request of a page: `match` has the variable parts of its path, `base` the scheme and host of this server.

    `now` is in epoch seconds.
    """

    region: Region
    path: str
    match: Mapping[str, str]
    query: Mapping[str, str]
    base: str
    now: float

    def href(self, **changes: str | int) -> str:
        """Return this address with other values in its query; an empty value removes its name."""
        known = {name: value for name, value in self.query.items() if name != "part"}
        return link(self.path, **(known | changes))

    def number(self, name: str) -> int:
        """Return a whole number from the query, 0 if it is none."""
        return whole_number(self.query.get(name, "")) or 0


Data = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: `section` is the address of its entry in the navigation, `refresh` the seconds until it is reloaded.

    `data` is what its JSON has, or computes that.
    """

    title: str
    section: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    data: Data = field(default_factory=dict)
    status: int = 200
    parts: tuple[str, ...] = ()
    refresh: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A response that is not HTML: Markdown, JSON of another format, a file."""

    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another address of this server."""

    location: str
    permanent: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """Server-sent events: each item is the data of one, empty for a comment that keeps the connection open."""

    events: AsyncIterator[str]


Answer = Page | Text | Redirect | Stream
Show = Callable[[PageRequest], Awaitable[Answer]]


def message(title: str, text: str, status: int) -> Page:
    """Return a page that is a sentence."""
    return Page(
        title=title,
        section="",
        template="message.html",
        context={"message": text},
        data={"message": text},
        status=status,
    )


def missing(text: str) -> Page:
    """Return the page of what is not there."""
    return message("Not found", text, 404)
