"""A coloured edge around the whole screen, over pages and our own screens alike: somebody is called, or has stepped
back. It is seen from across the bus; taps go through it.
"""

from __future__ import annotations

from Xlib import X
from Xlib.ext import shape

from kiosk.guard.screen import Screen, Window
from session.model import AgentState

PIXELS = 8
CALLED = 0xF5C84C
PRIVATE = 0x2E9E8F
"""As the server's 24-bit visual has them: red, green, blue."""


def colour_of(agent: AgentState) -> int | None:
    """None for no edge."""
    if agent.private:
        return PRIVATE
    return CALLED if agent.called_at is not None else None


class Edge:
    """Four bare windows. `windows` are those to be kept on top: all, or none while there is no edge."""

    def __init__(self, screen: Screen, width: int, height: int) -> None:
        self._colour: int | None = None
        self._all: list[Window] = [
            screen.root.create_window(
                0, 0, 1, 1, 0, X.CopyFromParent, X.InputOutput, background_pixel=CALLED, override_redirect=True
            )
            for _ in range(4)
        ]
        self.possible = screen.display.has_extension("SHAPE")
        """Without that extension it would take taps from what is below it."""
        if self.possible:
            for window in self._all:
                window.shape_rectangles(shape.SO.Set, shape.SK.Input, X.Unsorted, 0, 0, [])
        self.place(width, height)

    @property
    def ids(self) -> set[int]:
        return {window.id for window in self._all}

    @property
    def windows(self) -> list[Window]:
        return self._all if self._colour is not None else []

    def place(self, width: int, height: int) -> None:
        """Of the root window, in pixels."""
        sides = (
            (0, 0, width, PIXELS),
            (0, height - PIXELS, width, PIXELS),
            (0, 0, PIXELS, height),
            (width - PIXELS, 0, PIXELS, height),
        )
        for window, (x, y, across, down) in zip(self._all, sides, strict=True):
            window.configure(x=x, y=y, width=across, height=down)

    def show(self, colour: int | None) -> bool:
        """True if that is another one than before: then the windows have to be put in their place in the stack."""
        if colour == self._colour or not self.possible:
            return False
        self._colour = colour
        for window in self._all:
            if colour is None:
                window.unmap()
            else:
                window.change_attributes(background_pixel=colour)
                window.clear_area()
                window.map()
        return True
