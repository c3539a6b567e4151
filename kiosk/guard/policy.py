"""Which keys a visitor has. Pure: keysyms and modifiers in, yes or no out. An allow-list: what is not named
is not.

Keysym numbers are those of /usr/include/X11/keysymdef.h; names come from Xlib.XK.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from Xlib import XK, X

XK.load_keysym_group("xkb")


def _named(*names: str) -> frozenset[int]:
    found = frozenset(XK.string_to_keysym(name) for name in names)
    if X.NoSymbol in found:
        raise LookupError("a keysym has no number")
    return found


_MODIFIERS = _named("Shift_L", "Shift_R", "Control_L", "Control_R", "Caps_Lock", "Shift_Lock", "Num_Lock")
# Alt, Meta, Super and Hyper are left out: no client sees them pressed.

_EDITING = _named(
    "BackSpace", "Tab", "ISO_Left_Tab", "Return", "ISO_Enter", "Escape", "Delete", "Insert", "Linefeed",
    "Home", "End", "Left", "Right", "Up", "Down", "Page_Up", "Page_Down", "Begin", "Multi_key",
)  # fmt: skip

_LEVELS = range(0xFE01, 0xFE14)
"""ISO_Lock to ISO_Level5_Lock: AltGr is ISO_Level3_Shift (or Mode_switch on old layouts)."""
_MODE_SWITCH = 0xFF7E
_DEAD = range(0xFE50, 0xFEA0)
_KEYPAD = (range(0xFF80, 0xFF91), range(0xFF95, 0xFFBE))
"""KP_Space to KP_Equal, without KP_F1 to KP_F4."""
_CHARACTERS = (range(0x20, 0x7F), range(0xA0, 0x2100), range(0x01000100, 0x01110000))
"""Latin-1, the older national sets, and Unicode."""

_WITH_CONTROL = _named(
    "a", "c", "v", "x", "y", "z", "plus", "minus", "equal", "0", "KP_Add", "KP_Subtract", "KP_0", "KP_Insert",
    "Left", "Right", "Home", "End", "BackSpace", "Delete",
)  # fmt: skip
_ZOOM_BY_SHIFT_LEVEL = _named("plus", "0")
"""On an AZERTY row these are the second level of their keys; Chromium goes by the key."""
_TAB_DIGITS = frozenset(range(ord("1"), ord("9") + 1))
"""Ctrl and one of these chooses a tab, by the key again: AZERTY's "-" is also "6"."""

_ESCAPE = _named("Escape")
_PANE = _named("F6")
_SWITCH = _named("F9")


class Meant(enum.Enum):
    """Keys that mean something to the guard itself. Neither F6 nor F9 reaches a page, so no site misses them."""

    PANE = enum.auto()
    """F6: the bar gets the keyboard, or the page gets it back; "the next pane" on every desktop."""
    SWITCH = enum.auto()
    """F9: the one key of a switch box, which is the UI's, whoever has the keyboard."""
    LEAVE = enum.auto()
    """Escape, which leads from the bar back to the page."""


class Modifiers(NamedTuple):
    """Which bit of an event's state is what, as the server maps them (0 when nothing is bound)."""

    level3: int = X.Mod5Mask
    num_lock: int = X.Mod2Mask

    @property
    def harmless(self) -> int:
        return X.ShiftMask | X.LockMask | self.level3 | self.num_lock


def _is_character(keysym: int) -> bool:
    return any(keysym in part for part in (*_CHARACTERS, *_KEYPAD, _DEAD))


def is_modifier(keysym: int) -> bool:
    return keysym in _MODIFIERS or keysym in _LEVELS or keysym == _MODE_SWITCH


def allowed(levels: tuple[int, int], state: int, modifiers: Modifiers) -> bool:
    """May this key press reach a window?

    `levels` are the key's keysyms without and with Shift; `state` is that of the event (what is held *before*
    it).
    """
    plain, shifted = levels
    if is_modifier(plain):
        return True
    held = state & 0xFF
    if held & X.ControlMask:
        others = held & ~(X.ControlMask | X.LockMask | modifiers.num_lock)
        return _allowed_with_control(plain, shifted, others)
    if held & ~modifiers.harmless:
        return False
    if plain in _ESCAPE:
        # Shift and Escape is Chromium's task manager.
        return not held & X.ShiftMask
    return plain in _EDITING or _is_character(plain)


def meant(plain: int, state: int, modifiers: Modifiers) -> Meant | None:
    """What a key says to the guard itself; nothing as soon as Shift, Control or the like is held with it."""
    if state & 0xFF & ~(X.LockMask | modifiers.num_lock):
        return None
    for keysyms, meaning in ((_PANE, Meant.PANE), (_SWITCH, Meant.SWITCH), (_ESCAPE, Meant.LEAVE)):
        if plain in keysyms:
            return meaning
    return None


def _allowed_with_control(plain: int, shifted: int, others: int) -> bool:
    if others or plain in _TAB_DIGITS or shifted in _TAB_DIGITS:
        return False
    return plain in _WITH_CONTROL or shifted in _ZOOM_BY_SHIFT_LEVEL
