"""Where the boxes of a layout are in pixels, and the lines between them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from xray_local.page.services.layout import Layout, Point

ARROW = 6  # pixels


@dataclass(frozen=True, slots=True)
class Grid:
    """The size of a box, the `gap` between two layers, the `pitch` from row to row and the margin around all."""

    width: int
    height: int
    gap: int
    pitch: int
    margin: int = 12

    def size(self, layout: Layout) -> tuple[float, float]:
        """Return the width and the height of a drawing."""
        layers = max(layout.layers * (self.width + self.gap) - self.gap, 0)
        return layers + 2 * self.margin, round(layout.rows * self.pitch, 1) + 2 * self.margin

    def corner(self, place: Point) -> tuple[float, float]:
        """Return the upper left corner of a box."""
        return self._x(place[0]), self._y(place[1]) - self.height / 2

    def line(self, path: Sequence[Point]) -> str:
        """Return a curve through the gaps between layers, level within each layer."""
        forward = path[0][0] < path[-1][0]
        parts: list[str] = []
        for place, (before, after) in enumerate(pairwise(path)):
            (start, y), (end, to) = self._ends(before, after, forward)
            middle = (start + end) / 2
            parts.append(f"H{start:g}" if place else f"M{start:g},{y:g}")
            parts.append(f"C{middle:g},{y:g} {middle:g},{to:g} {end:g},{to:g}")
        return " ".join(parts)

    def arrow(self, path: Sequence[Point]) -> str:
        """Return the head of the arrow at the end of a line."""
        forward = path[0][0] < path[-1][0]
        _, (x, y) = self._ends(path[-2], path[-1], forward)
        back = x - ARROW if forward else x + ARROW
        return f"M{x:g},{y:g} L{back:g},{y - ARROW / 1.5:g} V{y + ARROW / 1.5:g} Z"

    def middle(self, path: Sequence[Point]) -> tuple[float, float]:
        """Return the middle of the last part of a line."""
        (start, y), (end, to) = self._ends(path[-2], path[-1], path[0][0] < path[-1][0])
        return (start + end) / 2, (y + to) / 2

    def _x(self, layer: int) -> float:
        return self.margin + layer * (self.width + self.gap)

    def _y(self, row: float) -> float:
        return round(self.margin + row * self.pitch, 1)

    def _ends(self, before: Point, after: Point, forward: bool) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where a line leaves a layer and where it reaches the next; one against the flow is a little lower."""
        start = self._x(before[0]) + (self.width if forward else 0)
        end = self._x(after[0]) + (0 if forward else self.width)
        lower = 0 if forward else 2 * ARROW
        return (start, self._y(before[1]) + lower), (end, self._y(after[1]) + lower)
