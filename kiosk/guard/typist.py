"""Types for the on-screen keyboard: one character or one key at a time, by XTEST, for the window that has the focus.

A character that the keyboard's layout has is typed by its own key, unless that takes Shift: while Shift is down a tap
is a click with Shift, which the guard swallows (measured). Any other is put on a key that bears nothing; such keys are
used in turn, so that a slow browser still finds on each what it bore when it was pressed. Nothing is kept of what was
typed but the keyboard map itself, which dies with the display.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict

from Xlib import XK, X

from kiosk.guard.keys import Keys, NoKey
from kiosk.guard.screen import Screen
from kiosk.keyboard.keys import Named

_KEYSYMS = {
    Named.BACKSPACE: "BackSpace",
    Named.LEFT: "Left",
    Named.RIGHT: "Right",
    Named.ENTER: "Return",
    Named.FIELD: "Tab",
}


def is_character(untrusted_text: str) -> bool:
    """One character that can be typed: a letter, digit, mark, sign or space; no control."""
    return len(untrusted_text) == 1 and unicodedata.category(untrusted_text)[0] != "C" and ord(untrusted_text) <= 0xFFFF


def keysym_of(character: str) -> int:
    """Latin-1 keysyms are their own code points, all others have the Unicode bit (X11 protocol, appendix A)."""
    code = ord(character)
    return code if 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF else 0x01000000 | code


class Typist:
    def __init__(self, screen: Screen, keys: Keys) -> None:
        self._screen, self._keys = screen, keys
        self._lent: OrderedDict[int, int] = OrderedDict()
        """Keysym to the key that bears it now; the one whose turn it is comes first."""
        self._spare: list[int] | None = None

    def press(self, key: Named) -> None:
        """Raises NoKey."""
        code = self._screen.display.keysym_to_keycode(XK.string_to_keysym(_KEYSYMS[key]))
        if not code:
            raise NoKey(key.value)
        self._keys.strike([code])

    def type(self, character: str) -> None:
        """`character` is one of which `is_character` holds. Raises NoKey when no key is left to bear it."""
        keysym = keysym_of(character)
        state = self._screen.root.query_pointer().mask
        if state & X.LockMask:
            # The keyboard on the screen shows capitals or it does not; a forgotten lock must not turn them round.
            self._unlock()
        own = self._own(keysym) if not (state >> 13) & 3 else None
        self._keys.strike([own or self._lend(keysym)])

    def _own(self, keysym: int) -> int | None:
        """The key of the layout that types it by itself."""
        lent = set(self._lent.values())
        found = self._screen.display.keysym_to_keycodes(keysym)
        return next((code for code, level in found if level == 0 and code not in lent), None)

    def _lend(self, keysym: int) -> int:
        code = self._lent.pop(keysym, None)
        if code is None:
            code = self._free()
            display = self._screen.display
            # Twice: the same with and without Shift.
            display.change_keyboard_mapping(code, [[keysym, keysym]])
            display.sync()
        self._lent[keysym] = code
        return code

    def _free(self) -> int:
        if self._spare is None:
            info = self._screen.display.display.info
            count = info.max_keycode - info.min_keycode + 1
            bearing = self._screen.display.get_keyboard_mapping(info.min_keycode, count)
            self._spare = [info.min_keycode + at for at, keysyms in enumerate(bearing) if not any(keysyms)]
        if self._spare:
            return self._spare.pop()
        if not self._lent:
            raise NoKey("spare")
        return self._lent.popitem(last=False)[1]

    def _unlock(self) -> None:
        code = self._screen.display.keysym_to_keycode(XK.string_to_keysym("Caps_Lock"))
        if code:
            self._keys.strike([code])
