"""Filter expressions of the traces of a service or of a call between two. Pure."""

from collections import Counter
from collections.abc import Iterable

from xray_local.traces.service_graph import CLIENT, Key
from xray_model.filter_expression import nodes, to_text


def named(name: str, inner: nodes.Expression | None = None) -> str:
    """Return the expression of the traces of all services of a name."""
    return to_text(nodes.Service(nodes.Identity(name), inner))


class Names:
    """Identifies services by name, and by type as well where two of the graph have one name."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._types = Counter(name for name, type_ in keys if type_ != CLIENT)

    def service(self, key: Key, inner: nodes.Expression | None = None) -> str:
        """Return the expression of the traces of a service; of a client those of what it calls."""
        name, type_ = key
        if type_ == CLIENT:
            return to_text(nodes.Edge(nodes.Identity(name, CLIENT), nodes.Identity(name), inner))
        return to_text(nodes.Service(self._identity(key), inner))

    def call(self, source: Key, target: Key, inner: nodes.Expression | None = None) -> str:
        """Return the expression of the traces in which one service calls another."""
        return to_text(nodes.Edge(self._identity(source), self._identity(target), inner))

    def _identity(self, key: Key) -> nodes.Identity:
        name, type_ = key
        return nodes.Identity(name, type_ if type_ == CLIENT or self._types[name] > 1 else None)
