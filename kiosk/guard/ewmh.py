"""What a window manager says about itself and its windows (EWMH,
https://specifications.freedesktop.org/wm-spec/).

Only what Chromium and SDL ask for. Chromium takes window managers without _NET_SUPPORTING_WM_CHECK for none
at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from Xlib import X, Xatom
from Xlib.protocol import event

from kiosk.guard.kinds import Facts
from kiosk.guard.places import Place
from kiosk.guard.screen import Screen, Window

_SUPPORTED = (
    "_NET_SUPPORTED", "_NET_SUPPORTING_WM_CHECK", "_NET_ACTIVE_WINDOW", "_NET_CLIENT_LIST", "_NET_WM_NAME",
    "_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN", "_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_TYPE_NORMAL",
    "_NET_WORKAREA", "_NET_NUMBER_OF_DESKTOPS", "_NET_CURRENT_DESKTOP", "_NET_FRAME_EXTENTS",
    "_NET_REQUEST_FRAME_EXTENTS",
)  # fmt: skip
_NORMAL_STATE, _WITHDRAWN_STATE = 1, 0
_REMOVE, _ADD, _TOGGLE = 0, 1, 2
_FULLSCREEN = "_NET_WM_STATE_FULLSCREEN"


def announce(screen: Screen, check: Window) -> None:
    """There is a window manager, and `check` is the window that proves it."""
    root = screen.root
    screen.set_numbers(check, "_NET_SUPPORTING_WM_CHECK", Xatom.WINDOW, [check.id])
    check.change_property(screen.atom("_NET_WM_NAME"), screen.atom("UTF8_STRING"), 8, b"Marchepied")
    screen.set_numbers(root, "_NET_SUPPORTED", Xatom.ATOM, [screen.atom(name) for name in _SUPPORTED])
    screen.set_numbers(root, "_NET_NUMBER_OF_DESKTOPS", Xatom.CARDINAL, [1])
    screen.set_numbers(root, "_NET_CURRENT_DESKTOP", Xatom.CARDINAL, [0])
    screen.set_numbers(root, "_NET_SUPPORTING_WM_CHECK", Xatom.WINDOW, [check.id])


def say_work_area(screen: Screen, rest: Place) -> None:
    """The part of the screen that is not the bar: Chromium keeps its drop-downs inside it."""
    screen.set_numbers(screen.root, "_NET_WORKAREA", Xatom.CARDINAL, list(rest))


def say_clients(screen: Screen, xids: Sequence[int]) -> None:
    screen.set_numbers(screen.root, "_NET_CLIENT_LIST", Xatom.WINDOW, xids)


def say_active(screen: Screen, xid: int) -> None:
    screen.set_numbers(screen.root, "_NET_ACTIVE_WINDOW", Xatom.WINDOW, [xid])


def say_extents(screen: Screen, window: Window) -> None:
    """No window has a frame."""
    screen.set_numbers(window, "_NET_FRAME_EXTENTS", Xatom.CARDINAL, [0, 0, 0, 0])


def set_state(screen: Screen, window: Window, *, normal: bool) -> None:
    """WM_STATE (ICCCM 4.1.3.1): normal or withdrawn."""
    state = _NORMAL_STATE if normal else _WITHDRAWN_STATE
    screen.set_numbers(window, "WM_STATE", "WM_STATE", [state, X.NONE])


def facts(screen: Screen, window: Window) -> Facts:
    """What a window says of itself, read anew."""
    instance, _, rest = screen.text(window, "WM_CLASS").partition("\0")
    types = screen.numbers(window, "_NET_WM_WINDOW_TYPE", Xatom.ATOM)
    return Facts(
        instance=instance,
        class_=rest.partition("\0")[0],
        role=screen.text(window, "WM_WINDOW_ROLE"),
        types=tuple(screen.atom_name(atom).removeprefix("_NET_WM_WINDOW_TYPE_").lower() for atom in types),
        transient=bool(screen.numbers(window, "WM_TRANSIENT_FOR", Xatom.WINDOW)),
    )


def is_fullscreen(screen: Screen, window: Window) -> bool:
    return screen.atom(_FULLSCREEN) in screen.numbers(window, "_NET_WM_STATE", Xatom.ATOM)


def set_fullscreen(screen: Screen, window: Window, *, on: bool) -> None:
    """Chromium lays a window out by this: without address bar, without strip."""
    screen.set_numbers(window, "_NET_WM_STATE", Xatom.ATOM, [screen.atom(_FULLSCREEN)] if on else [])


def asked_fullscreen(screen: Screen, untrusted_values: Sequence[int], now: bool) -> bool | None:
    """What a _NET_WM_STATE message wants full screen to be; None when it is about something else."""
    if len(untrusted_values) < 3 or screen.atom(_FULLSCREEN) not in untrusted_values[1:3]:
        return None
    action = untrusted_values[0]
    return not now if action == _TOGGLE else action == _ADD


def say_place(window: Window, place: Place) -> None:
    """Tells a window where it is, as ICCCM 4.1.5 wants it of a window manager that did not do what was asked."""
    notice = event.ConfigureNotify(
        event=window, window=window, above_sibling=X.NONE, x=place.x, y=place.y,
        width=place.width, height=place.height, border_width=0, override=False,
    )  # fmt: skip
    window.send_event(notice, event_mask=X.StructureNotifyMask)
