"""Buttons as fingers meet them: how large they are on the glass, and how far from those that they are not.

What a button takes is found by asking it point for point, as a touch does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from kiosk import theme
from kiosk.widgets import look
from kiosk.widgets.apart import Area, area_of, gaps

ROUNDING = 1.5
"""Pixels."""


def least() -> int:
    """Pixels of the smallest side of anything to tap."""
    return max(theme.TOUCH, math.ceil(theme.TOUCH_MM * _pixels_of_a_millimetre()))


def _pixels_of_a_millimetre() -> float:
    return look._dpi / 25.4


def taken(widget: Any) -> Area:
    """Where it takes touches: from its middle outwards, as far as it does."""
    area = area_of(widget)
    x, y = (area.left + area.right) / 2, (area.bottom + area.top) / 2

    def reach(across: int, down: int) -> float:
        """How far from the middle, to a pixel."""
        inside, outside = 0.0, (area.right - area.left if across else area.top - area.bottom) / 2 + 1
        while outside - inside > 0.5:
            middle = (inside + outside) / 2
            point = widget.to_widget(x + across * middle, y + down * middle)
            inside, outside = (middle, outside) if widget.collide_point(*point) else (inside, middle)
        return inside

    return Area(x - reach(-1, 0), y - reach(0, -1), x + reach(1, 0), y + reach(0, 1))


def too_small(widget: Any, offered: list[Any]) -> Iterator[str]:
    area = taken(widget) if widget in offered else area_of(widget)
    size = area.right - area.left, area.top - area.bottom
    if min(size) < least() - ROUNDING:
        yield f"{name_of(widget)}: target of {size}, {least()} are needed"


def too_near(offered: list[Any]) -> Iterator[str]:
    """Those that must be apart, by `apart` of one of them."""
    wanted = theme.APART_MM * _pixels_of_a_millimetre()
    for widget in offered:
        if not widget.apart:
            continue
        mine = taken(widget)
        for other in offered:
            if other is widget:
                continue
            distance = math.hypot(*gaps(mine, taken(other)))
            if distance < wanted - ROUNDING:
                yield f"{name_of(widget)} is {distance:.0f} from {name_of(other)}, {wanted:.0f} are needed"


def name_of(widget: Any) -> str:
    return f"{type(widget).__name__} {getattr(widget, 'text', '') or getattr(widget, 'title', '')!r}"
