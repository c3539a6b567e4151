"""Dims the left and the right of the page while a visitor types something private: who sits beside them sees less.

Nothing here is half transparent, for nobody composes this display: a veil is a dark window with a mask of lines. Taps
go through it. It lies below our own screens and the bar.
"""

from __future__ import annotations

from Xlib import X
from Xlib.ext import shape

from kiosk.guard.screen import Screen, Window

PART = 0.1
"""Of the width of the screen, on each side."""
DARK, LINE, STEP = 0x14212B, 1, 2
"""Every other line: from the side it is grey, from the front what is below can still be read."""


class Veil:
    """Two bare windows. `windows` are those to be kept above the page: both, or none while it is lifted."""

    def __init__(self, screen: Screen, width: int, height: int) -> None:
        self._screen = screen
        self._down = False
        self._all: list[Window] = [
            screen.root.create_window(
                0, 0, 1, 1, 0, X.CopyFromParent, X.InputOutput, background_pixel=DARK, override_redirect=True
            )
            for _ in range(2)
        ]
        self.possible = screen.display.has_extension("SHAPE")
        """Without that extension it would hide the page and take its taps."""
        self.place(width, height)

    @property
    def ids(self) -> set[int]:
        return {window.id for window in self._all}

    @property
    def windows(self) -> list[Window]:
        return self._all if self._down else []

    def place(self, width: int, height: int) -> None:
        """Of the root window, in pixels."""
        if not self.possible:
            return
        across = max(1, round(PART * width))
        mask = self._screen.root.create_pixmap(across, height, 1)
        paint = mask.create_gc(foreground=0)
        mask.fill_rectangle(paint, 0, 0, across, height)
        paint.change(foreground=1)
        mask.poly_fill_rectangle(paint, [(0, y, across, LINE) for y in range(0, height, STEP)])
        for window, x in zip(self._all, (0, width - across), strict=True):
            window.configure(x=x, y=0, width=across, height=height)
            window.shape_mask(shape.SO.Set, shape.SK.Bounding, 0, 0, mask)
            window.shape_rectangles(shape.SO.Set, shape.SK.Input, X.Unsorted, 0, 0, [])
        paint.free()
        mask.free()

    def draw(self, down: bool) -> bool:
        """True if that changed something: then the windows have to be put in their place in the stack."""
        if down is self._down or not self.possible:
            return False
        self._down = down
        for window in self._all:
            if down:
                window.map()
            else:
                window.unmap()
        return True
