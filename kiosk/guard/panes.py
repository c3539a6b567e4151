"""Whether the page or the bar above it has the keyboard, where both are on the screen.

The page has it, until somebody asks for the bar by a key. It gets it back by the same key, by Escape, and as soon as
somebody taps it. In the `full` layout there is nothing to choose.
"""

from __future__ import annotations

from Xlib import X

from kiosk.guard.places import Mode
from kiosk.guard.policy import Meant
from kiosk.guard.screen import Screen
from kiosk.guard.windows import WindowManager

CLICK_MODIFIERS = X.ShiftMask | X.ControlMask | X.Mod1Mask | X.Mod4Mask
"""Of a click that is no plain one: see `kiosk.guard.keys`."""
_PLAIN = tuple(state for state in range(256) if not state & CLICK_MODIFIERS)


class Panes:
    """Joins the keys that ask to the window manager that gives."""

    def __init__(self, screen: Screen, windows: WindowManager) -> None:
        self._screen, self._windows = screen, windows
        self._watching = False

    @property
    def at_bar(self) -> bool:
        return self._windows.shown is Mode.BAR and self._windows.bar_has_keys

    def give_back(self) -> None:
        """To the bar, for which keys were pressed, if it is still on the screen."""
        if self._windows.shown is Mode.BAR and not self._screen.lost.is_set():
            self.give(to_bar=True)
            self._screen.pump()

    def meant(self, what: Meant) -> bool | None:
        """A key that may be for the guard: whether it goes on to a window; None where that is the policy's to say."""
        if what is Meant.SWITCH:
            if self._windows.shown is Mode.BAR:
                self.give(to_bar=True)  # before the key goes on, hence to it
            return True
        if what is Meant.PANE:
            if self._windows.shown is Mode.BAR:
                self.give(to_bar=not self.at_bar)
            return False
        if self.at_bar:
            self.give(to_bar=False)
            return False
        return None

    def give(self, *, to_bar: bool) -> None:
        """At once: what the server is asked for next finds it so."""
        self._windows.give_keys(to_bar=to_bar)
        if to_bar and not self._watching:
            # Plain taps never wait for the guard, but for the first one on a page that has lost the keyboard.
            self._watching = True
            for state in _PLAIN:
                self._screen.root.grab_button(
                    1, state, False, X.ButtonPressMask, X.GrabModeSync, X.GrabModeAsync, X.NONE, X.NONE
                )

    def on_tap(self, height: int) -> None:
        """A plain press of the first button, `height` pixels below the screen's top, with the pointer frozen for it."""
        if self.at_bar and height >= self._windows.bar:
            self.give(to_bar=False)
        if not self.at_bar and self._watching:
            self._watching = False
            for state in _PLAIN:
                self._screen.root.ungrab_button(1, state)
        self._screen.display.allow_events(X.ReplayPointer, X.CurrentTime)
