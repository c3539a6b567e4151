"""The closed list of windows that may be seen. Pure.

A page decides nothing of what is read here: WM_CLASS, WM_WINDOW_ROLE and the window's type are set by the
browser's own process, which alone holds an X connection. Titles are never read.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

UI_INSTANCE = "marchepied-ui"
"""WM_CLASS instance of the UI (SDL takes it from SDL_VIDEO_X11_WMCLASS)."""

BROWSER_CLASSES = frozenset({"chromium", "chromium-browser"})
"""WM_CLASS class of Chromium, in lower case. Measured: "Chromium", and "Chromium-browser" with
--user-data-dir."""

FILE_CHOOSER_ROLE = "GtkFileChooserDialog"

MAX_POPUPS = 8


class Kind(enum.StrEnum):
    UI = "ui"
    MAIN = "main"
    """The browser's one window with pages in it."""
    POPUP = "popup"
    """window.open with a size."""


class Refusal(enum.StrEnum):
    """Why a window is never seen. All of it that is ever logged."""

    STRANGER = "stranger"
    """Neither the UI nor Chromium."""
    FALSE_UI = "false_ui"
    """Calls itself the UI, and belongs to somebody else or comes second."""
    FILE_CHOOSER = "file_chooser"
    """GTK's, which an <input type=file> opens. Its page takes the refusal for "cancel" and goes on. Measured."""
    NOT_NORMAL = "not_normal"
    """A dialog, a utility window, or anything else that is not a plain window."""
    SECOND_MAIN = "second_main"
    """Shift and a click on a link open a whole browser window: tabs, address bar, menu. Measured."""
    UNKNOWN_ROLE = "unknown_role"
    TOO_MANY = "too_many"


class Facts(NamedTuple):
    """What a window says of itself."""

    instance: str
    """WM_CLASS."""
    class_: str
    role: str
    """WM_WINDOW_ROLE; Chromium's is "browser" or "pop-up"."""
    types: tuple[str, ...]
    """_NET_WM_WINDOW_TYPE without the prefix, in lower case."""
    transient: bool


def classify(facts: Facts, *, ui_allowed: bool, has_main: bool, popups: int) -> Kind | Refusal:
    """`ui_allowed`: this window's owner may be the UI, and there is no other UI."""
    plain = facts.types in ((), ("normal",))
    if facts.instance == UI_INSTANCE:
        if not ui_allowed:
            return Refusal.FALSE_UI
        # Transient or not: SDL makes a window without borders transient for the root. Measured with SDL 2 of Kivy 2.3.
        return Kind.UI if plain else Refusal.NOT_NORMAL
    if facts.class_.casefold() not in BROWSER_CLASSES:
        return Refusal.STRANGER
    if facts.role == FILE_CHOOSER_ROLE:
        return Refusal.FILE_CHOOSER
    if not plain or facts.transient:
        return Refusal.NOT_NORMAL
    if facts.role == "browser":
        return Refusal.SECOND_MAIN if has_main else Kind.MAIN
    if facts.role == "pop-up":
        return Kind.POPUP if popups < MAX_POPUPS else Refusal.TOO_MANY
    return Refusal.UNKNOWN_ROLE
