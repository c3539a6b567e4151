"""The keyboard and the mouse buttons: what the policy refuses is swallowed; and the bar's buttons that are
keys.

Every key press on the display stops here first: one passive grab of any key with any modifiers on the root
window, with the keyboard frozen until the guard says "go on" (ReplayKeyboard) or "that was for me". So
nothing depends on having thought of a combination, on the lock keys, or on the layout that is loaded later.

Limits. A client may still grab the whole keyboard or pointer for itself (XGrabKeyboard): no window manager
can forbid it, short of a proxy in front of the server. Chromium grabs the pointer while a menu or a drop-down
is open, which is as it should be, and no more; a page cannot ask for the keyboard (its "keyboard lock" is a
set of passive grabs on the browser's window, which come after those of the root). Raw XInput events are seen
by every client, grab or no grab.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import time
from collections.abc import Callable
from typing import Any

from Xlib import XK, X, error

from kiosk.guard import policy
from kiosk.guard.panes import CLICK_MODIFIERS, Panes
from kiosk.guard.screen import Screen

logger = logging.getLogger(__name__)

_MIDDLE, _RIGHT, _THUMB_BACK, _THUMB_FORWARD = 2, 3, 8, 9
_SWALLOWED_BUTTONS = (_MIDDLE, _RIGHT, _THUMB_BACK, _THUMB_FORWARD)
"""Middle pastes, or opens an unseen page; right is the context menu (which Chromium does not show in --kiosk;
this does not rely on it); the thumb buttons are Back and Forward, which are the bar's. The wheel stays, with
Control too: it makes a page larger, and the bar's "normal" makes it normal again."""
_EXPECTATION = 1.0
"""Seconds after which a press of the guard's own that never came is forgotten."""
_RETURN = 0.3
"""Seconds for which a page that was lent the keyboard keeps it: an input method puts a character only then."""


class Action(enum.StrEnum):
    """The bar's buttons that are keys of the browser."""

    BACK = "back"
    FORWARD = "forward"
    RELOAD = "reload"
    LARGER = "larger"
    SMALLER = "smaller"
    NORMAL = "normal"
    COPY = "copy"
    """Of what is marked on the page, to read it aloud."""


_CHORDS: dict[Action, tuple[str | None, tuple[str, ...]]] = {
    # The keypad's keys come first: they are where they are on every layout. For "0" the key that also bears a
    # digit is pressed without Shift: Chromium goes by the key, so it is right on AZERTY too.
    Action.BACK: ("Alt_L", ("Left",)),
    Action.FORWARD: ("Alt_L", ("Right",)),
    Action.RELOAD: (None, ("F5",)),
    Action.LARGER: ("Control_L", ("KP_Add", "plus")),
    Action.SMALLER: ("Control_L", ("KP_Subtract", "minus")),
    Action.NORMAL: ("Control_L", ("0",)),
    Action.COPY: ("Control_L", ("c",)),
}


class NoKey(Exception):
    """The keyboard layout has no key for this action."""


class Keys:
    """The grabs, and what becomes of each press."""

    def __init__(self, screen: Screen, panes: Panes) -> None:
        self._screen, self._panes = screen, panes
        self._modifiers = policy.Modifiers()
        self._expected: list[tuple[int, float]] = []
        """Keycodes that the guard itself presses, and until when each may come."""
        self._back_to_bar = False
        """Whether the bar gets the keyboard again after these."""
        self._returning: asyncio.TimerHandle | None = None
        self.by_hand: Callable[[], None] = lambda: None
        """Called for each press that goes on to a page and was not the guard's own."""
        self.swallowed = 0
        """Presses of keys and buttons that were kept from the windows."""
        self._read_modifiers()

    def grab(self) -> None:
        self._grab_keys()
        root = self._screen.root
        for button in _SWALLOWED_BUTTONS:
            self._grab_button(root, button, X.AnyModifier)
        # Not AnyModifier for the first button: plain taps and clicks must not wait for the guard, and must
        # stay what they are for touch.
        for state in range(256):
            if state & CLICK_MODIFIERS:  # opens an unseen page or a whole window, or saves the link to disk
                self._grab_button(root, 1, state)

    def _grab_keys(self) -> None:
        """One grab for all keys is refused whole when another client holds a single combination on the root.

        Chromium asks for the media keys while something plays; it may have them when the guard starts in the middle
        of a session. Then each key is grabbed for itself, and the taken ones are lost (to Chromium's media keys).
        """
        refused = error.CatchError(error.BadAccess)
        root = self._screen.root
        root.grab_key(X.AnyKey, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeSync, onerror=refused)
        self._screen.display.sync()
        if refused.get_error() is None:
            return
        logger.warning("another client holds keys of the display")
        info = self._screen.display.display.info
        for key in range(info.min_keycode, info.max_keycode + 1):
            root.grab_key(key, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeSync)

    @staticmethod
    def _grab_button(root: Any, button: int, state: int) -> None:
        root.grab_button(button, state, False, X.ButtonPressMask, X.GrabModeAsync, X.GrabModeAsync, X.NONE, X.NONE)

    def on_key(self, press: Any) -> None:
        """A KeyPress, with the keyboard frozen for it.

        Each press that is reported is answered once, and each answer ends the grab: one too many would decide on
        a later press. Hence UngrabKeyboard to swallow one, and not AsyncKeyboard, whose grab would last until the
        key's release, and report what is pressed meanwhile without freezing.
        """
        go_on = ours = False
        try:
            ours = self._is_ours(press.detail)
            go_on = ours or self._may_go_on(press)
        finally:
            # Whatever happens, the keyboard must thaw.
            if go_on:
                self._screen.display.allow_events(X.ReplayKeyboard, X.CurrentTime)
            else:
                self._screen.display.ungrab_keyboard(X.CurrentTime)
        if not go_on:
            self.swallowed += 1
        elif not ours and not self._panes.at_bar:
            self.by_hand()
        if self._back_to_bar and not self._expected and self._returning is None:
            self._returning = asyncio.get_running_loop().call_later(_RETURN, self._return)

    def _return(self) -> None:
        self._back_to_bar, self._returning = False, None
        self._panes.give_back()

    def _may_go_on(self, press: Any) -> bool:
        levels = self._levels(press.detail, press.state)
        meant = policy.meant(levels[0], press.state, self._modifiers)
        goes_on = self._panes.meant(meant) if meant is not None else None
        return policy.allowed(levels, press.state, self._modifiers) if goes_on is None else goes_on

    def _is_ours(self, keycode: int) -> bool:
        """One of the presses that `press` announced."""
        now = time.monotonic()
        self._expected = [one for one in self._expected if now < one[1]]
        ours = next((one for one in self._expected if one[0] == keycode), None)
        if ours is not None:
            self._expected.remove(ours)
        return ours is not None

    def on_button(self, press: Any) -> None:
        if press.detail == 1 and not press.state & CLICK_MODIFIERS:
            self._panes.on_tap(press.root_y)
        else:
            self.swallowed += 1

    def on_mapping(self, change: Any) -> None:
        """The layout changed (or the on-screen keyboard put a character on a spare key)."""
        if change.request == X.MappingKeyboard:
            self._screen.display.refresh_keyboard_mapping(change)
        elif change.request == X.MappingModifier:
            self._read_modifiers()

    def _levels(self, keycode: int, state: int) -> tuple[int, int]:
        # Bits 13 and 14 of the state are XKB's group. The core mapping has the first two groups at 0, 1 and
        # 2, 3; of others it says nothing, so their keys are taken by the first.
        index = 2 if (state >> 13) & 3 == 1 else 0
        of = self._screen.display.keycode_to_keysym
        plain = of(keycode, index) or of(keycode, 0)
        return plain, of(keycode, index + 1) or plain

    def _read_modifiers(self) -> None:
        """Which modifier bit is AltGr and which is Num Lock."""
        found = {"ISO_Level3_Shift": 0, "Mode_switch": 0, "Num_Lock": 0}
        forbidden = 0
        of = self._screen.display.keycode_to_keysym
        for bit, keycodes in enumerate(self._screen.display.get_modifier_mapping()):
            for keycode in keycodes:
                keysyms = {of(keycode, index) for index in range(4)} if keycode else set()
                for name in found:
                    if _keysym(name) in keysyms:
                        found[name] |= 1 << bit
                if keysyms & _NEVER:
                    forbidden |= 1 << bit
        # A layout that puts Alt or Super on AltGr's bit loses AltGr, not the policy.
        level3 = (found["ISO_Level3_Shift"] | found["Mode_switch"]) & ~forbidden
        self._modifiers = policy.Modifiers(level3=level3, num_lock=found["Num_Lock"] & ~forbidden)

    def press(self, action: Action) -> None:
        """Presses the action's keys. Raises NoKey."""
        modifier, keysyms = _CHORDS[action]
        keys = [code for code in (self._keycode(modifier), self._keycode(*keysyms)) if code]
        if len(keys) != (2 if modifier else 1):
            raise NoKey(action.value)
        self.strike(keys)

    def strike(self, keys: list[int]) -> None:
        """Presses these keys together, by XTEST, for the page in front.

        Modifiers that somebody holds are let go, and put back, in one batch of requests, so that no key of a real
        keyboard comes between. The presses pass the guard's own grab because it expects them, and so nothing else
        passes meanwhile.
        """
        display = self._screen.display
        held = self._held_modifiers()
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None
        self._back_to_bar = self._back_to_bar or self._panes.at_bar
        self._panes.give(to_bar=False)
        self._expected += [(code, time.monotonic() + _EXPECTATION) for code in keys]
        for code in held:
            display.xtest_fake_input(X.KeyRelease, code)
        for code in keys:
            display.xtest_fake_input(X.KeyPress, code)
        for code in reversed(keys):
            display.xtest_fake_input(X.KeyRelease, code)
        for code in held:
            display.xtest_fake_input(X.KeyPress, code)
        self._screen.pump()

    def _keycode(self, *names: str | None) -> int:
        """The key of the first of these keysyms that the layout has; 0 without one."""
        for name in names:
            code = self._screen.display.keysym_to_keycode(_keysym(name)) if name else 0
            if code:
                return code
        return 0

    def _held_modifiers(self) -> list[int]:
        """Keycodes of Shift, Control, Alt and the like that are down now (locks are not touched)."""
        down = self._screen.display.query_keymap()
        of = self._screen.display.keycode_to_keysym
        held = []
        for keycodes in self._screen.display.get_modifier_mapping():
            for code in keycodes:
                if code and down[code // 8] & 1 << code % 8 and of(code, 0) not in _LOCKS:
                    held.append(code)
        return held


def _keysym(name: str | None) -> int:
    return XK.string_to_keysym(name) if name else 0


_LOCKS = frozenset(_keysym(name) for name in ("Caps_Lock", "Num_Lock", "Shift_Lock", "ISO_Lock"))
_NEVER = frozenset(
    _keysym(name) for name in ("Alt_L", "Alt_R", "Meta_L", "Meta_R", "Super_L", "Super_R", "Hyper_L", "Hyper_R")
)
