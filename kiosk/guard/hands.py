"""What the hands do: whether a page was touched, and where; whether somebody uses a real keyboard.

Told to the UI as counts, so that the on-screen keyboard comes for a field that was touched and goes for somebody who
types. The events are raw ones, which reach the guard beside the page and not before it (XInput 2.1): nothing waits.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable
from typing import Any

from Xlib import X
from Xlib.ext import ge, xinput

from kiosk.guard.places import Place
from kiosk.guard.screen import Screen

logger = logging.getLogger(__name__)

_RAW_TOUCH_BEGIN = 22

REVEAL_SECONDS = 0.4
"""Until a browser whose window became smaller has laid its page out anew; what is scrolled before that is lost."""
TOUCH_SECONDS = 3.0
"""For so long a touch may be the reason for the keyboard's coming."""
_WHEEL_DOWN = 5
_TURN_SECONDS = 0.05
"""Between two notches: of many at once Chromium makes one, and that no longer than the page is high (measured)."""
_NOTCH = 120
"""Pixels that a page moves by one notch of the wheel. Measured with Chromium 156."""
_CLEAR = 70
"""Pixels above the keyboard in which the middle of a field is not to be."""


def notches(y: int, bottom: int) -> int:
    """By how many notches of the wheel a page goes up for what is at `y` to be well above `bottom`; 0 if it is."""
    return max(0, -(-(y - (bottom - _CLEAR)) // _NOTCH))


class Hands:
    """`page` is the place of the page that takes touches, None without one."""

    def __init__(self, screen: Screen, page: Callable[[], Place | None], changed: Callable[[], None]) -> None:
        self._screen, self._page, self._changed = screen, page, changed
        self.touches = 0
        """Of pages."""
        self.strokes = 0
        """Times that somebody began to use a real keyboard while the one on the screen was there."""
        self._listening = False
        self._touched: tuple[int, int, float] | None = None
        self._moving: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        display = self._screen.display
        if not display.has_extension("XInputExtension"):
            logger.warning("the X server has no XInput: the keyboard does not come by itself")
            return
        # python-xlib's own call says 2.0, with which a grab of another client would hide what is touched.
        xinput.XIQueryVersion(
            display=display.display,
            opcode=display.display.get_extension_major(xinput.extname),
            major_version=2,
            minor_version=2,
        )
        mask = xinput.RawButtonPressMask | 1 << _RAW_TOUCH_BEGIN
        self._screen.root.xinput_select_events([(xinput.AllMasterDevices, mask)])

    @staticmethod
    def begins(received: Any) -> bool:
        """Whether this event is the beginning of a touch or a press of a button."""
        if received.type != ge.GenericEventCode:
            return False
        if received.evtype == _RAW_TOUCH_BEGIN:
            return True
        # python-xlib leaves what follows the event's kind as it came: device, time, number of the button, ...
        return bool(received.evtype == xinput.RawButtonPress and struct.unpack_from("=HII", received.data)[2] == 1)

    def on_begin(self) -> None:
        page = self._page()
        if page is None:
            return
        at = self._screen.root.query_pointer()
        if not page.holds(at.root_x, at.root_y):
            return
        self._touched = (at.root_x, at.root_y, asyncio.get_running_loop().time())
        self.touches += 1
        self._changed()

    # The keyboard on the screen

    def keyboard(self, shown: bool) -> None:
        """It has come or gone; the page has its new place."""
        self._listening = shown
        if self._moving is not None:
            self._moving.cancel()
            self._moving = None
        if shown and self._touched is not None:
            self._moving = asyncio.get_running_loop().call_later(REVEAL_SECONDS, self._reveal)

    def on_stroke(self) -> None:
        """A key of a real keyboard was pressed. Told once, and not what it was."""
        if self._listening:
            self._listening = False
            self.strokes += 1
            self._changed()

    def _reveal(self) -> None:
        """Moves the page up, by the wheel, as far as what was touched is behind the keyboard now.

        Chromium itself does so with the first character that is typed (measured), but one wants to see where that
        will go.
        """
        self._moving = None
        page, touched, self._touched = self._page(), self._touched, None
        if page is None or touched is None or asyncio.get_running_loop().time() - touched[2] > TOUCH_SECONDS:
            return
        x, y, _ = touched
        count = notches(y, page.y + page.height)
        if count:
            self._screen.display.xtest_fake_input(X.MotionNotify, x=x, y=page.y + page.height // 2)
            self._turn(count)

    def _turn(self, count: int) -> None:
        display = self._screen.display
        display.xtest_fake_input(X.ButtonPress, _WHEEL_DOWN)
        display.xtest_fake_input(X.ButtonRelease, _WHEEL_DOWN)
        self._screen.pump()
        more = count > 1
        self._moving = asyncio.get_running_loop().call_later(_TURN_SECONDS, self._turn, count - 1) if more else None
