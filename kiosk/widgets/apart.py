"""Where a button takes a touch that must not be meant for its neighbour.

It is drawn whole; but where another one is nearer than `theme.APART_MM`, its edge on that side takes no touch, as far
as it stays large enough for a finger. Room between the two is better, and needs none of this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from kiosk import theme
from kiosk.widgets import look


class Area(NamedTuple):
    """Pixels of the window, from its bottom left."""

    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def area_of(widget: Any) -> Area:
    """As it is drawn."""
    left, bottom = widget.to_window(*widget.pos)
    return Area(left, bottom, left + widget.width, bottom + widget.height)


def gaps(one: Area, other: Area) -> tuple[float, float]:
    """Pixels between two areas, across and down; 0 where they lie beside each other."""
    across = max(other.left - one.right, one.left - other.right, 0.0)
    return across, max(other.bottom - one.top, one.bottom - other.top, 0.0)


def taking(widget: Any, others: Iterator[Any]) -> Area:
    """Where `widget` takes touches among `others`."""
    area, wanted = area_of(widget), look.mm(theme.APART_MM)
    left = bottom = right = top = 0.0
    for other in map(area_of, others):
        across, down = gaps(area, other)
        if math.hypot(across, down) >= wanted:
            continue
        if across >= down:
            beside = wanted - across
            left, right = (left, max(right, beside)) if other.left >= area.right else (max(left, beside), right)
        else:
            beside = wanted - down
            bottom, top = (bottom, max(top, beside)) if other.bottom >= area.top else (max(bottom, beside), top)
    left, right = _bounded(left, right, widget.width)
    bottom, top = _bounded(bottom, top, widget.height)
    return Area(area.left + left, area.bottom + bottom, area.right - right, area.top - top)


def _bounded(first: float, last: float, size: float) -> tuple[float, float]:
    """What is left is large enough for a finger."""
    spare = max(0.0, size - look.finger())
    share = min(1.0, spare / (first + last)) if first + last else 0.0
    return first * share, last * share
