"""How many dots an inch of the screen has, by what a panel says of itself. Pure."""

from __future__ import annotations

import math

FEWEST, MOST = 40.0, 400.0
"""Dots per inch: a wall, and a telephone."""
UNEVEN = 1.2
"""How much longer than wide a dot may be."""
_SHAPES = frozenset({(16, 9), (16, 10), (4, 3), (5, 4), (160, 90), (160, 100), (160, 120), (160, 128)})
"""Screens that have no size of their own (projectors, adapters) say their shape in place of millimetres."""


def dots_per_inch(width: int, height: int, mm_width: int, mm_height: int) -> float:
    """`width` and `height` in pixels, as the panel has them, not as it is turned. 0 if it cannot be true."""
    if min(width, height, mm_width, mm_height) <= 0 or (mm_width, mm_height) in _SHAPES:
        return 0.0
    across, down = (25.4 * pixels / mm for pixels, mm in ((width, mm_width), (height, mm_height)))
    if max(across / down, down / across) > UNEVEN:
        return 0.0
    dpi = round(math.sqrt(across * down), 1)
    return dpi if FEWEST <= dpi <= MOST else 0.0
