"""The panels at the display: one is the station's, and no other shows anything.

A second screen that is plugged in stays dark, a desktop that somebody stretched over it is made as large as the first
one again: nothing is where the guard does not look, and the pointer cannot go there. A panel that is turned or
changes its size is followed by `kiosk.guard.windows`, with the root window.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from Xlib import error
from Xlib.ext import randr

from kiosk import panel
from kiosk.guard.screen import Screen

logger = logging.getLogger(__name__)

_CONNECTED = 0
_ERRORS = 4
"""RandR's own errors; the classes that python-xlib has for them cannot be made."""
_TURNED = randr.Rotate_90 | randr.Rotate_270


class _Shown(NamedTuple):
    """An output that shows something."""

    output: int
    crtc: int
    connected: bool
    mm: tuple[int, int]


class Outputs:
    """`settle` after each batch of events; cheap when nothing changed. `changed` is called when `dpi` has."""

    def __init__(self, screen: Screen, changed: Callable[[], None] = lambda: None) -> None:
        self._screen, self._changed = screen, changed
        self._stale = self._possible = screen.display.has_extension("RANDR")
        self._events: frozenset[int] = frozenset()
        self.dpi = 0.0
        """Of the station's panel, by what it says itself; 0 if it says nothing that can be believed."""

    def start(self) -> None:
        display, root = self._screen.display, self._screen.root
        known = display.query_extension("RANDR")
        if known is None or not self._possible:
            return
        for code in range(_ERRORS):
            display.extension_add_error(known.first_error + code, error.XError)
        wanted = randr.RRScreenChangeNotifyMask | randr.RRCrtcChangeNotifyMask | randr.RROutputChangeNotifyMask
        root.xrandr_select_input(wanted)
        event = display.extension_event
        self._events = frozenset({event.ScreenChangeNotify, event.CrtcChangeNotify[0]})
        self._screen.guarded(self._settle)
        self._say()

    def concerns(self, received: Any) -> bool:
        """Whether an event is of the panels; the next `settle` looks at them then."""
        if received.type not in self._events:
            return False
        self._stale = True
        return True

    def settle(self) -> None:
        before = self.dpi
        if self._stale:
            # An output may go in the middle of it: it stays to be done then, and keeps nothing else from being done.
            self._screen.guarded(self._settle)
        if self.dpi != before:
            self._say()
            self._changed()

    def _settle(self) -> None:
        resources = self._screen.root.xrandr_get_screen_resources_current()
        shown = list(self._shown(resources))
        if not shown:
            self._stale = False
            return
        primary = self._screen.root.xrandr_get_output_primary().output
        own = min(shown, key=lambda one: (not one.connected, one.output != primary))
        for crtc in {one.crtc for one in shown} - {own.crtc}:
            logger.warning("a second screen is kept dark")
            self._set(resources, crtc, 0, 0, [])
        info = self._screen.display.xrandr_get_crtc_info(own.crtc, resources.config_timestamp)
        if (info.x, info.y) != (0, 0):
            self._set(resources, own.crtc, info.mode, info.rotation, list(info.outputs))
        self._fit(info.width, info.height)
        turned = bool(info.rotation & _TURNED)
        width, height = (info.height, info.width) if turned else (info.width, info.height)
        self.dpi = panel.dots_per_inch(width, height, *own.mm)
        self._stale = False

    def _shown(self, resources: Any) -> list[_Shown]:
        display, found = self._screen.display, []
        for output in resources.outputs:
            info = display.xrandr_get_output_info(output, resources.config_timestamp)
            if info.crtc:
                connected = info.connection == _CONNECTED
                found.append(_Shown(output, info.crtc, connected, (info.mm_width, info.mm_height)))
        return found

    def _set(self, resources: Any, crtc: int, mode: int, rotation: int, outputs: list[int]) -> None:
        """In the corner of the desktop, or dark without a mode."""
        turn = rotation or randr.Rotate_0
        display = self._screen.display
        display.xrandr_set_crtc_config(crtc, resources.config_timestamp, 0, 0, mode, turn, outputs)

    def _fit(self, width: int, height: int) -> None:
        """The desktop is as large as the panel."""
        root = self._screen.root
        size = root.get_geometry()
        if (size.width, size.height) != (width, height) and min(width, height) > 0:
            # The server wants millimetres too, of which nobody makes use.
            millimetres = (round(pixels * 25.4 / 96) for pixels in (width, height))
            root.xrandr_set_screen_size(width, height, *millimetres)

    def _say(self) -> None:
        if self.dpi:
            logger.info("the panel has %.0f dots per inch", self.dpi)
        else:
            logger.warning("the panel does not say how large it is: see display.dpi in the configuration")
