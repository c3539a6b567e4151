"""The scale of the screen that is being built. Screens are built anew when the window's size changes, so their
.kv files call `u` once and nothing is bound to it.
"""

from __future__ import annotations

_unit = 1.0


def set_unit(unit: float) -> None:
    """Window pixels of one pixel of the design."""
    global _unit
    _unit = unit


def u(pixels: float) -> int:
    """Pixels of the design as pixels of the window."""
    return round(pixels * _unit)
