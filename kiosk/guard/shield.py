"""A window without a picture over the page that has just come to the front: it takes the taps that were meant for
what was there before."""

from __future__ import annotations

import asyncio

from Xlib import X

from kiosk.guard.places import Place
from kiosk.guard.screen import Screen, Window
from kiosk.inert import INERT_SECONDS


class Shield:
    """Up for `INERT_SECONDS` after each `cover`; nothing is drawn anew when it comes or goes."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.window: Window = screen.root.create_window(
            0, 0, 1, 1, 0, 0, X.InputOnly, X.CopyFromParent, override_redirect=True
        )
        self._going: asyncio.TimerHandle | None = None

    @property
    def up(self) -> bool:
        return self._going is not None

    def cover(self, place: Place) -> None:
        """Above all windows until its place among them is given to it."""
        if self._going is not None:
            self._going.cancel()
        self.window.configure(x=place.x, y=place.y, width=place.width, height=place.height, stack_mode=X.Above)
        self.window.map()
        self._going = asyncio.get_running_loop().call_later(INERT_SECONDS, self._go)

    def drop(self) -> None:
        if self._going is not None:
            self._going.cancel()
            self._going = None
            self.window.unmap()

    def _go(self) -> None:
        self.drop()
        self._screen.pump()
