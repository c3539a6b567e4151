"""A window that may be seen: what it is, and where it was put."""

from __future__ import annotations

from Xlib import Xutil

from kiosk.guard import ewmh, places, shape
from kiosk.guard.kinds import Kind
from kiosk.guard.places import Place
from kiosk.guard.screen import Window


class Managed:
    """Of the UI or of the browser."""

    def __init__(self, window: Window, kind: Kind, *, fullscreen: bool) -> None:
        self.window = window
        self.kind = kind
        self.fullscreen = fullscreen
        """What it asked for, which changes what it draws; it never gets more than its place."""
        self._place: Place | None = None
        self._parts: tuple[Place, ...] = ()

    def strip(self, screen_height: int) -> int:
        """Pixels at the top of a browser's window that are not page, as its hints say now."""
        hints = self.window.get_wm_normal_hints()
        has_minimum = hints is not None and hints.flags & Xutil.PMinSize
        return places.strip_height(
            popup=self.kind is Kind.POPUP,
            fullscreen=self.fullscreen,
            minimum=min(int(hints.min_height), screen_height // 4) if has_minimum else None,
        )

    def put(self, place: Place, parts: tuple[Place, ...] = ()) -> None:
        """Moves it, if it is not there already. `parts`: only these are left of it."""
        if parts and parts != self._parts:
            shape.cut(self.window, parts)  # before it grows, so that it covers nothing on the way
        self._move(place)
        if self._parts and not parts:
            shape.whole(self.window)
        self._parts = parts

    def _move(self, place: Place) -> None:
        if place == self._place:
            return
        self._place = place
        self.window.configure(x=place.x, y=place.y, width=place.width, height=place.height, border_width=0)
        self.tell_place()

    def tell_place(self) -> None:
        """Where it was put last, which need not be what it asked for."""
        if self._place is not None:
            ewmh.say_place(self.window, self._place)
