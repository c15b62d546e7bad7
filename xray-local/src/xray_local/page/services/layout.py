"""A layered layout of a directed graph, left to right, as Sugiyama, Tagawa and Toda described it. Pure.

The layer of a node is the longest path that leads to it; a call that closes a cycle goes against the flow. An edge over
several layers has a waypoint in each layer between. Nodes are ordered by the mean place of their neighbours, and then
moved as near to them as the others allow. All of it is iterative, and deterministic for the same input.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from statistics import fmean

SWEEPS = 4  # there and back, of ordering and of moving
WAYPOINT = 0.4  # of the height of a node that a waypoint takes
Link = tuple[int, int]
Point = tuple[int, float]
"""A layer from 0 on, and the height of a centre in rows; a node is one row high."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes are, and the points of each edge from its source to its target."""

    places: tuple[Point, ...]
    paths: dict[Link, tuple[Point, ...]]

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return max((layer for layer, _ in self.places), default=-1) + 1

    @property
    def rows(self) -> float:
        """The height of all, in rows."""
        points = (*self.places, *(point for path in self.paths.values() for point in path))
        return max((row for _, row in points), default=-0.5) + 0.5


@dataclass(slots=True)
class _Items:
    """Nodes, and after them waypoints, in their layers; `left` and `right` are the neighbours of each."""

    layers: list[list[int]]
    left: list[list[int]]
    right: list[list[int]]
    sizes: list[float]
    chains: dict[Link, list[int]] = field(default_factory=dict)

    def join(self, chain: Sequence[int]) -> None:
        for before, after in pairwise(chain):
            self.right[before].append(after)
            self.left[after].append(before)

    def waypoint(self, layer: int) -> int:
        item = len(self.sizes)
        self.layers[layer].append(item)
        self.left.append([])
        self.right.append([])
        self.sizes.append(WAYPOINT)
        return item


def arrange(count: int, edges: Sequence[Link]) -> Layout:
    """Return the layout of `count` nodes, numbered from 0; an edge from a node to itself is left out."""
    edges = [edge for edge in dict.fromkeys(edges) if edge[0] != edge[1]]
    order = _topological(count, edges)
    rank = {node: place for place, node in enumerate(order)}
    forward = {edge: edge if rank[edge[0]] < rank[edge[1]] else edge[::-1] for edge in edges}
    layers = _layers(order, list(forward.values()))
    items = _items(order, layers, list(dict.fromkeys(forward.values())))
    _order(items)
    rows = _rows(items)
    layer_of = {item: layer for layer, members in enumerate(items.layers) for item in members}
    paths = {edge: [(layer_of[item], rows[item]) for item in items.chains[link]] for edge, link in forward.items()}
    return Layout(
        places=tuple((layer_of[node], rows[node]) for node in range(count)),
        paths={edge: tuple(path if forward[edge] == edge else path[::-1]) for edge, path in paths.items()},
    )


def _topological(count: int, edges: Sequence[Link]) -> list[int]:
    """Return the nodes so that most edges lead forward: all of them, if there is no cycle."""
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        targets[source].append(target)
    called = {target for _, target in edges}
    finished: list[int] = []
    seen: set[int] = set()
    for start in sorted(range(count), key=called.__contains__):
        waiting = [(start, False)]
        while waiting:
            node, is_done = waiting.pop()
            if is_done:
                finished.append(node)
            elif node not in seen:
                seen.add(node)
                waiting.append((node, True))
                waiting.extend((target, False) for target in targets[node])
    return finished[::-1]


def _layers(order: Sequence[int], edges: Sequence[Link]) -> list[int]:
    """Return the layer of each node; one that nothing calls is next to the nearest that it calls."""
    targets: dict[int, list[int]] = {node: [] for node in order}
    for source, target in edges:
        targets[source].append(target)
    layers = [0] * len(order)
    for node in order:
        for target in targets[node]:
            layers[target] = max(layers[target], layers[node] + 1)
    called = {target for _, target in edges}
    for node in order:
        if node not in called and targets[node]:
            layers[node] = min(layers[target] for target in targets[node]) - 1
    return layers


def _items(order: Sequence[int], layers: Sequence[int], links: Sequence[Link]) -> _Items:
    count = len(order)
    members: list[list[int]] = [[] for _ in range(max(layers, default=-1) + 1)]
    for node in order:
        members[layers[node]].append(node)
    items = _Items(members, [[] for _ in order], [[] for _ in order], [1.0] * count)
    for source, target in links:
        between = [items.waypoint(layer) for layer in range(layers[source] + 1, layers[target])]
        items.chains[source, target] = chain = [source, *between, target]
        items.join(chain)
    return items


def _order(items: _Items) -> None:
    """Order each layer by the means of its neighbours' places, and keep the order with the fewest crossings."""
    best, fewest = [list(members) for members in items.layers], _crossings(items)
    places = {item: place for members in best for item, place in _places(members).items()}
    for _ in range(SWEEPS):
        for layer, neighbours in _sweep(items):
            wanted = {item: _mean(neighbours[item], places, places[item]) for item in items.layers[layer]}
            items.layers[layer].sort(key=wanted.__getitem__)
            places |= _places(items.layers[layer])
        found = _crossings(items)
        if found < fewest:
            best, fewest = [list(members) for members in items.layers], found
    items.layers = best


def _places(members: Sequence[int]) -> dict[int, float]:
    return {item: float(place) for place, item in enumerate(members)}


def _sweep(items: _Items) -> Iterator[tuple[int, list[list[int]]]]:
    """Yield each layer but the first with the neighbours on its left, and back with those on its right."""
    last = len(items.layers) - 1
    yield from ((layer, items.left) for layer in range(1, last + 1))
    yield from ((layer, items.right) for layer in range(last - 1, -1, -1))


def _mean(neighbours: Sequence[int], places: dict[int, float], otherwise: float) -> float:
    return fmean(places[item] for item in neighbours) if neighbours else otherwise


def _crossings(items: _Items) -> int:
    """Return how many pairs of edges cross."""
    crossings = 0
    for members, after in pairwise(items.layers):
        places = {item: place for place, item in enumerate(after)}
        ends = [end for item in members for end in sorted(places[target] for target in items.right[item])]
        passed = [0] * len(after)
        for end in ends:
            crossings += sum(passed[end + 1 :])
            passed[end] += 1
    return crossings


def _rows(items: _Items) -> dict[int, float]:
    """Return the height of each item in rows, the highest at half a row."""
    rows: dict[int, float] = {}
    for members in items.layers:
        sizes = [items.sizes[item] for item in members]
        rows |= zip(members, spread([0.0] * len(members), sizes), strict=True)
    for _ in range(SWEEPS):
        for layer, neighbours in _sweep(items):
            members = items.layers[layer]
            wanted = [_mean(neighbours[item], rows, rows[item]) for item in members]
            rows |= zip(members, spread(wanted, [items.sizes[item] for item in members]), strict=True)
    top = min((rows[item] - items.sizes[item] / 2 for item in rows), default=0.0)
    return {item: row - top for item, row in rows.items()}


def spread(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Return the centres of things in a line that are nearest to the wanted ones without an overlap.

    The order is kept, and the sum of the squares of the distances is the least: an isotonic regression.
    """
    offsets = list(accumulate(((before + after) / 2 for before, after in pairwise(sizes)), initial=0.0))[: len(sizes)]
    blocks: list[tuple[float, int]] = []  # the mean and the number of things that touch
    for centre, offset in zip(wanted, offsets, strict=True):
        mean, number = centre - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, number = (mean * number + other * more) / (number + more), number + more
        blocks.append((mean, number))
    starts = (mean for mean, number in blocks for _ in range(number))
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]
