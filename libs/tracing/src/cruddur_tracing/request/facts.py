"""The data of a request, from which its span's attributes are made when they are read or changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cruddur_tracing.recording.pipeline import Attributes, SharedAttributes
from cruddur_tracing.request.conventions import (
    CLIENT_KEYS,
    SERVER_KEYS,
    Conventions,
    of_client,
    of_server,
    of_status,
    of_target,
)
from cruddur_tracing.request.conventions import span_name as name_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

RULE: Final = "aws.xray.sampling_rule"  # as X-Ray's sampler for OpenTelemetry in Java sets it
_KEPT_MAX: Final = 256

Describe = Callable[[Mapping[str, Any], Conventions], dict[str, Any]]


class KnownRequests:
    """The attributes that requests of one app have had in common, by the values they follow from. Bounded."""

    __slots__ = ("conventions", "kept")

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.kept: dict[tuple[Any, ...], SharedAttributes] = {}

    def __len__(self) -> int:
        """Return how many sets of attributes are kept."""
        return len(self.kept)

    def get(self, environ: "WSGIEnvironment", keys: Sequence[str], describe: Describe) -> SharedAttributes:
        """Return the attributes that `describe` makes of the values of some keys."""
        key = tuple(map(environ.get, keys))
        return self.kept.get(key) or self.keep(key, describe(environ, self.conventions))

    def keep(self, key: tuple[Any, ...], values: dict[str, Any], span_name: str | None = None) -> SharedAttributes:
        """Keep and return the attributes of requests with these values; `span_name` is what their spans are called."""
        if len(self.kept) >= _KEPT_MAX:  # clients send other hosts or agents with each request
            self.kept.clear()
        self.kept[key] = shared = SharedAttributes(values, span_name)
        return shared


class RequestFacts:
    """One request of an app; its span has ended when `answered` has been called."""

    __slots__ = ("_known", "_server", "_untouched", "environ", "route", "rule", "status")

    def __init__(self, known: KnownRequests, environ: "WSGIEnvironment", rule: str | None) -> None:
        self._known = known
        self._server: SharedAttributes | None = None
        self._untouched: Attributes | None = None
        self.environ = environ
        self.rule = rule
        self.route: str | None = None
        self.status = 0

    def answered(self, route: str | None, status: int) -> str:
        """Record the answer, and return the name of the span."""
        self.route, self.status = route, status
        environ, known = self.environ, self._known
        key = (self.rule, route, status, *map(environ.get, SERVER_KEYS))
        server = known.kept.get(key)
        if server is None:
            values = of_server(environ, known.conventions) | self.of_answer()
            server = known.keep(key, values, name_of(environ, route) if route is not None else None)
        self._server = server
        return server.span_name or name_of(environ, route)

    def attributes(self) -> tuple[dict[str, Any], SharedAttributes]:
        """Return the attributes that the span has now, and those of them that it shares with other spans."""
        environ, known = self.environ, self._known
        if self._untouched is not None:
            (server, client), own = self._untouched
            return {**server.values, **client.values, **own}, server
        server = known.get(environ, SERVER_KEYS, of_server)
        client = known.get(environ, CLIENT_KEYS, of_client)
        target = of_target(environ, known.conventions)
        return server.values | client.values | target | self.of_answer(), server

    def untouched(self) -> Attributes | None:
        """Return the attributes of a span that has ended and was never changed; the first call releases the request."""
        server = self._server
        if self._untouched is None and server is not None:
            environ, known = self.environ, self._known
            client = known.get(environ, CLIENT_KEYS, of_client)
            self._untouched = (server, client), of_target(environ, known.conventions)
            self.environ = {}
        return self._untouched

    def of_answer(self) -> dict[str, Any]:
        """Return the attributes that were not known from the request alone."""
        attributes: dict[str, Any] = {}
        if self.rule is not None:
            attributes[RULE] = self.rule
        if self.route is not None:
            attributes["http.route"] = self.route
        return attributes | of_status(self.status, self._known.conventions) if self.status else attributes
