"""Places, kinds of windows, and the policy of the keys: no display."""

from __future__ import annotations

import pytest
from Xlib import XK, X

from kiosk.guard.kinds import MAX_POPUPS, Facts, Kind, Refusal, classify
from kiosk.guard.places import Mode, Place, Screen, bar_height, strip_height
from kiosk.guard.policy import Meant, Modifiers, allowed, meant

PAGE = Facts("chromium", "Chromium", "browser", ("normal",), False)
UI = Facts("marchepied-ui", "marchepied-ui", "", (), False)


@pytest.mark.parametrize(
    ("popup", "fullscreen", "minimum", "strip"),
    [
        (True, False, 36, 35),
        (True, False, None, 35),
        (True, False, 1, 35),
        (True, False, 71, 70),
        (True, True, 36, 35),
        (True, True, 1, 0),
        (True, True, None, 35),
        (False, True, 46, 0),
        (False, False, 87, 87),
        (False, False, None, 0),
    ],
)
def test_the_strip_of_the_browser(popup: bool, fullscreen: bool, minimum: int | None, strip: int) -> None:
    assert strip_height(popup=popup, fullscreen=fullscreen, minimum=minimum) == strip


def test_places() -> None:
    screen = Screen(1280, 800, 96)
    assert screen.ui(Mode.FULL) == Place(0, 0, 1280, 800)
    assert screen.ui(Mode.BAR) == Place(0, 0, 1280, 96)
    assert screen.browser(0) == screen.rest == Place(0, 96, 1280, 704)
    assert screen.browser(35) == Place(0, 61, 1280, 739)
    assert Screen(1280, 800, 20).browser(35).y == -15
    assert [bar_height(wanted, 800) for wanted in (0, 96, 9999)] == [1, 96, 600]


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (PAGE, Kind.MAIN),
        (PAGE._replace(class_="chromium-browser"), Kind.MAIN),
        (PAGE._replace(role="pop-up"), Kind.POPUP),
        (PAGE._replace(role=""), Refusal.UNKNOWN_ROLE),
        (PAGE._replace(types=("dialog",)), Refusal.NOT_NORMAL),
        (PAGE._replace(role="GtkFileChooserDialog", types=("dialog",), transient=True), Refusal.FILE_CHOOSER),
        (PAGE._replace(types=("normal", "utility")), Refusal.NOT_NORMAL),
        (PAGE._replace(types=("",)), Refusal.NOT_NORMAL),
        (PAGE._replace(transient=True), Refusal.NOT_NORMAL),
        (PAGE._replace(class_="xterm"), Refusal.STRANGER),
        (PAGE._replace(class_=""), Refusal.STRANGER),
        (UI, Kind.UI),
        (UI._replace(transient=True), Kind.UI),
        (UI._replace(types=("dialog",)), Refusal.NOT_NORMAL),
        (UI._replace(instance="other"), Refusal.STRANGER),
    ],
)
def test_the_closed_list(facts: Facts, verdict: Kind | Refusal) -> None:
    assert classify(facts, ui_allowed=True, has_main=False, popups=0) is verdict


def test_what_depends_on_what_is_there() -> None:
    assert classify(UI, ui_allowed=False, has_main=False, popups=0) is Refusal.FALSE_UI
    assert classify(PAGE, ui_allowed=False, has_main=True, popups=0) is Refusal.SECOND_MAIN
    popup = PAGE._replace(role="pop-up")
    assert classify(popup, ui_allowed=False, has_main=True, popups=MAX_POPUPS) is Refusal.TOO_MANY


SHIFT, LOCK, CONTROL, ALT, NUM, SUPER, ALTGR = (
    X.ShiftMask, X.LockMask, X.ControlMask, X.Mod1Mask, X.Mod2Mask, X.Mod4Mask, X.Mod5Mask,
)  # fmt: skip


def _may(plain: str, held: int = 0, shifted: str | None = None) -> bool:
    levels = XK.string_to_keysym(plain), XK.string_to_keysym(shifted or plain)
    assert levels[0], plain
    answers = {allowed(levels, held | locks, Modifiers()) for locks in (0, LOCK, NUM, LOCK | NUM)}
    assert len(answers) == 1, "the locks change nothing"
    return answers.pop()


@pytest.mark.parametrize(("key", "meaning"), [("F6", Meant.PANE), ("F9", Meant.SWITCH), ("Escape", Meant.LEAVE)])
def test_keys_for_the_guard_itself(key: str, meaning: Meant) -> None:
    keysym = XK.string_to_keysym(key)
    for locks in (0, LOCK, NUM, LOCK | NUM):
        assert meant(keysym, locks, Modifiers()) is meaning
        assert [meant(keysym, locks | held, Modifiers()) for held in (SHIFT, CONTROL, ALT, SUPER, ALTGR)] == [None] * 5
    if key != "Escape":
        assert not _may(key), "for nobody else"


XK.load_keysym_group("xf86")


@pytest.mark.parametrize("key", ["a", "eacute", "ccedilla", "ampersand", "KP_7", "KP_Home", "space", "dead_acute"])
@pytest.mark.parametrize("held", [0, SHIFT, ALTGR, ALTGR | SHIFT])
def test_characters(key: str, held: int) -> None:
    assert _may(key, held)


@pytest.mark.parametrize(
    "key", ["Tab", "Return", "BackSpace", "Delete", "Left", "Home", "Page_Down", "dead_circumflex"]
)
def test_editing(key: str) -> None:
    assert _may(key)
    assert _may(key, SHIFT)


@pytest.mark.parametrize("key", ["Shift_L", "Control_R", "Caps_Lock", "Num_Lock", "ISO_Level3_Shift", "Mode_switch"])
def test_modifiers_that_a_visitor_has(key: str) -> None:
    assert _may(key)
    assert _may(key, CONTROL)


@pytest.mark.parametrize(
    "key",
    [
        *(f"F{number}" for number in range(1, 25)), "KP_F1", "Menu", "Print", "Pause", "Scroll_Lock", "Help", "Sys_Req",
        "Alt_L", "Alt_R", "Meta_L", "Super_L", "Super_R", "Hyper_L", "Execute", "Find", "Cancel", "Undo",
        "XF86_Back", "XF86_Forward", "XF86_HomePage", "XF86_Search", "XF86_Mail", "XF86_WWW", "XF86_Calculator",
        "XF86_AudioMute", "XF86_PowerOff",
    ],
)  # fmt: skip
@pytest.mark.parametrize("held", [0, SHIFT, CONTROL, ALTGR])
def test_keys_that_nobody_has(key: str, held: int) -> None:
    assert not _may(key, held)


@pytest.mark.parametrize("key", ["a", "c", "v", "x", "y", "z", "0", "minus", "KP_Add", "KP_Subtract", "KP_0", "Left"])
def test_what_control_may_do(key: str) -> None:
    assert _may(key, CONTROL)
    assert not _may(key, CONTROL | SHIFT)
    assert not _may(key, CONTROL | ALT)
    assert not _may(key, CONTROL | ALTGR)
    assert not _may(key, CONTROL | SUPER)


@pytest.mark.parametrize(
    "key",
    ["t", "n", "w", "l", "p", "s", "o", "u", "j", "h", "f", "d", "Tab", "F4", "Escape", "Return", "1", "9", "Page_Up"],
)
def test_what_control_may_not_do(key: str) -> None:
    assert not _may(key, CONTROL)


def test_zoom_on_a_french_row() -> None:
    assert _may("equal", CONTROL, "plus")
    assert _may("agrave", CONTROL, "0")
    assert not _may("minus", CONTROL, "6"), "Chromium takes that key for the sixth tab"
    assert not _may("eacute", CONTROL, "2")


@pytest.mark.parametrize("held", [ALT, SUPER, X.Mod3Mask, ALT | ALTGR])
@pytest.mark.parametrize("key", ["Left", "F4", "a", "Tab", "Escape", "space"])
def test_other_modifiers(key: str, held: int) -> None:
    assert not _may(key, held)


def test_escape_but_not_the_task_manager() -> None:
    assert _may("Escape")
    assert not _may("Escape", SHIFT)


def test_a_key_without_symbol() -> None:
    assert not allowed((0, 0), 0, Modifiers())
