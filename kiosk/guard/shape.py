"""The UI's window with a hole in it: a bar at the top and a keyboard at the bottom, and the page between them.

What is cut out of a window is neither seen nor touched (X Nonrectangular Window Shape Extension).
"""

from __future__ import annotations

from collections.abc import Sequence

from Xlib import X
from Xlib.ext import shape

from kiosk.guard.places import Place
from kiosk.guard.screen import Window


def cut(window: Window, parts: Sequence[Place]) -> None:
    """Leaves only these parts of the window."""
    window.shape_rectangles(shape.SO.Set, shape.SK.Bounding, X.Unsorted, 0, 0, [tuple(part) for part in parts])


def whole(window: Window) -> None:
    """Takes every cut back."""
    window.shape_mask(shape.SO.Set, shape.SK.Bounding, 0, 0, X.NONE)
