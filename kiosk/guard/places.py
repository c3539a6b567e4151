"""Where things are on the screen. Pure; everything in pixels of the root window."""

from __future__ import annotations

import enum
from typing import NamedTuple

POPUP_STRIP = 35
"""Height of the strip that Chromium draws over a pop-up (it shows the address, and a tap on it opens the
site's settings). Measured with Chromium 156: a window of 704 px leaves its page 669."""

MAX_BAR_SHARE = 0.75
"""The UI may take at most this part of the screen's height in the `bar` layout."""


class Mode(enum.StrEnum):
    FULL = "full"
    """The UI covers the screen; browser windows lie mapped under it, out of reach."""
    BAR = "bar"
    """The UI is a bar at the top; the browser has the rest, and the keyboard."""


class Place(NamedTuple):
    x: int
    y: int
    width: int
    height: int

    def holds(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Screen(NamedTuple):
    """The root window's size, the height of the UI's bar, and that of its keyboard if it is shown."""

    width: int
    height: int
    bar: int
    foot: int = 0

    @property
    def whole(self) -> Place:
        return Place(0, 0, self.width, self.height)

    @property
    def rest(self) -> Place:
        """What the bar and the keyboard leave."""
        return Place(0, self.bar, self.width, max(1, self.height - self.bar - self.foot))

    def ui(self, mode: Mode) -> Place:
        """With a keyboard it is the whole screen, with a hole in it (`parts`)."""
        return self.whole if mode is Mode.FULL or self.foot else Place(0, 0, self.width, self.bar)

    def parts(self, mode: Mode) -> tuple[Place, ...]:
        """What is left of the UI's window; empty if that is all of it."""
        if mode is Mode.FULL or not self.foot:
            return ()
        return (Place(0, 0, self.width, self.bar), Place(0, self.height - self.foot, self.width, self.foot))

    def browser(self, strip: int) -> Place:
        """Fills the rest of the screen with a page whose window wears a strip of that height: it lies under
        the bar."""
        return Place(0, self.bar - strip, self.width, self.rest.height + strip)


def bar_height(wanted: int, screen_height: int) -> int:
    """A bar height that leaves room for a page, whatever was asked for."""
    return max(1, min(wanted, int(screen_height * MAX_BAR_SHARE)))


def foot_height(wanted: int, bar: int, screen_height: int) -> int:
    """A keyboard's height that leaves room for a page under that bar, whatever was asked for."""
    return max(0, min(wanted, int(screen_height * MAX_BAR_SHARE) - bar))


def strip_height(*, popup: bool, fullscreen: bool, minimum: int | None) -> int:
    """How much of a browser window's top is browser and not page.

    `minimum` is the least height of its WM_NORMAL_HINTS, None without one. Measured with Chromium 156: a
    pop-up says 36 with its strip of 35 and 1 without it (full screen); a window with tabs and an address bar
    says 87 for its 87, and 46 in full screen, where nothing of them is left. It follows the scale of the
    screen, which a constant does not.
    """
    if popup:
        said = POPUP_STRIP if minimum is None else max(0, minimum - 1)
        return said if fullscreen else max(said, POPUP_STRIP)
    return 0 if fullscreen else (minimum or 0)
