"""Which keys and clicks reach a window, through a real server's keyboard."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from Xlib import X

from session.rpc import Refused
from tests.kiosk.guard.stage import Guard, Stage
from tests.kiosk.guard.xclient import XClient, XWindow, until

pytestmark = pytest.mark.usefixtures("stage")


async def _typed(client: XClient, window: XWindow, *chords: tuple[str | int, ...]) -> list[str]:
    """What the window got of these chords, modifiers' own presses left out. "q" is typed last, to know the end."""
    window.keys.clear()
    for chord in (*chords, ("q",)):
        client.type(*chord)
    await client.until(lambda: "q" in window.keys, "the last key")
    modifiers = ("_L", "_R", "_Shift", "_Lock")
    return [key for key in window.keys[:-1] if not key.endswith(modifiers)]


async def test_the_page_gets_what_the_policy_allows(stage: Stage) -> None:
    _ours, ui, theirs, main = await stage.with_page()
    assert await _typed(
        theirs, main,
        ("a",), ("Shift_L", "b"), ("Control_L", "c"), ("Control_L", "t"), ("Control_R", "v"), ("Control_L", "Tab"),
        ("Control_L", "Shift_L", "c"), ("Alt_L", "F4"), ("Alt_L", "Left"), ("Super_L", "e"), ("F11",), ("F12",),
        ("Menu",), ("Print",), ("Escape",), ("Shift_L", "Escape"), ("Control_L", "Alt_L", "Delete"),
        ("Control_L", "KP_Add"), ("Control_L", "0"), ("Control_L", "1"), ("Tab",), ("Shift_L", "Left"), ("Left",),
    ) == [
        "a", "Shift+b", "Control+c", "Control+v", "Escape", "Control+KP_Add", "Control+0", "Tab", "Shift+Left",
        "Left",
    ]  # fmt: skip
    assert ui.keys == []
    assert (await stage.guard.call("State"))["swallowed"] >= 12


async def test_locks_open_nothing(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    theirs.type("Caps_Lock")
    theirs.type("Num_Lock")
    assert await _typed(theirs, main, ("Control_L", "t"), ("F11",), ("Control_L", "c")) == ["Control+c"]


async def test_in_full_the_ui_gets_all(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    await stage.guard.layout("full")
    assert await _typed(ours, ui, ("a",), ("Control_L", "t"), ("F5",)) == ["a"]
    theirs.read()
    assert main.keys == []


async def _layout(stage: Stage, name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "setxkbmap", "-display", stage.server.name, name, stderr=subprocess.DEVNULL
    )
    assert await process.wait() == 0


async def test_azerty(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    await _layout(stage, "fr")
    await theirs.until(lambda: theirs.code("eacute") == 11, "the layout")
    # AltGr and a letter, a dead key, characters; Ctrl+6 (which is "-"), Ctrl+T, and the zoom of that row.
    assert await _typed(
        theirs, main,
        ("ISO_Level3_Shift", "e"), ("dead_circumflex",), ("eacute",), ("Shift_L", "eacute"), ("Control_L", "minus"),
        ("Control_L", "t"), ("Control_L", "equal"), ("Control_L", "agrave"), ("Control_L", "ISO_Level3_Shift", "e"),
    ) == [
        "AltGr+e", "dead_circumflex", "eacute", "Shift+eacute", "Control+equal", "Control+agrave",
    ]  # fmt: skip
    await stage.guard.call("Press", action="normal")
    await theirs.until(lambda: "Control+agrave" in main.keys)


async def test_a_character_put_on_a_spare_key(stage: Stage) -> None:
    """As an on-screen keyboard does for what the layout lacks."""
    ours, _ui, theirs, main = await stage.with_page()
    ours.display.change_keyboard_mapping(255, [[0x0100FEF7] * 4])
    ours.display.sync()
    await theirs.until(lambda: theirs.display.keycode_to_keysym(255, 0) == 0x0100FEF7)
    assert await _typed(theirs, main, (255,)) == ["0x100fef7"]


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("back", "Alt+Left"),
        ("forward", "Alt+Right"),
        ("reload", "F5"),
        ("larger", "Control+KP_Add"),
        ("smaller", "Control+KP_Subtract"),
        ("normal", "Control+0"),
        ("copy", "Control+c"),
    ],
)
async def test_the_bar_may_press_what_a_visitor_may_not(stage: Stage, action: str, key: str) -> None:
    ours, _ui, theirs, main = await stage.with_page()
    # Somebody leans on the keyboard meanwhile.
    theirs.hold("Control_L", "Shift_L")
    await theirs.until(lambda: len(main.keys) == 2)
    await stage.guard.call("Press", action=action)
    await theirs.until(lambda: key in main.keys, key)
    assert ours.root.query_pointer().mask & 0xFF == X.ControlMask | X.ShiftMask, "still held"
    theirs.let_go("Control_L", "Shift_L")
    assert await _typed(theirs, main, ("Alt_L", "Left"), ("F5",)) == [], "the grab is back"
    assert ours.root.query_pointer().mask & 0xFF == 0


async def test_the_bar_presses_nothing_without_a_page(stage: Stage) -> None:
    _ours, ui, _theirs, _main = await stage.with_page()
    await stage.guard.layout("full")
    with pytest.raises(Refused, match="wrong_state"):
        await stage.guard.call("Press", action="back")
    assert ui.keys == []


async def test_clicks(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()

    async def held(mask: int) -> None:
        # A key that waits for the guard keeps no click waiting.
        await until(lambda: theirs.root.query_pointer().mask & _REAL_MODIFIERS == mask, "the modifier")

    for button in (1, 2, 3, 4, 5, 8, 9):
        theirs.click(600, 400, button)
    for locks in range(2):
        for modifier, mask in _CLICKED_WITH.items():
            theirs.hold(modifier)
            await held(mask)
            theirs.click(600, 400)
            if modifier == "Control_L":
                theirs.click(600, 400, 4)
            theirs.let_go(modifier)
            await held(0)
        if not locks:
            theirs.type("Num_Lock")
            theirs.type("Caps_Lock")
    theirs.click(600, 400)
    await theirs.until(lambda: len(main.buttons) == 6)
    assert main.buttons == [1, 4, 5, 4, 4, 1]


_CLICKED_WITH = {
    "Control_L": X.ControlMask,
    "Shift_L": X.ShiftMask,
    "Alt_L": X.Mod1Mask,
    "Super_L": X.Mod4Mask,
}
_REAL_MODIFIERS = X.ControlMask | X.ShiftMask | X.Mod1Mask | X.Mod4Mask


async def test_another_client_holds_a_key(stage: Stage) -> None:
    """Chromium may have the media keys when a guard starts in the middle of a session."""
    _ours, _ui, theirs, main = await stage.with_page()
    stage.guard.process.kill()
    await stage.guard.process.wait()
    theirs.root.grab_key(172, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeAsync)
    theirs.display.sync()
    stage.control.ready.clear()
    stage.guard = await Guard.start(stage.server, stage.run)
    await until(lambda: stage.control.ready)
    await stage.guard.layout("bar")
    await until(lambda: theirs.focus == main.id)
    assert await _typed(theirs, main, ("a",), ("Control_L", "t"), ("F5",)) == ["a"]
    await stage.guard.call("Press", action="reload")
    await theirs.until(lambda: "F5" in main.keys)
    assert await _typed(theirs, main, ("F5",)) == []


async def test_the_keyboard_survives_its_guard(stage: Stage, tmp_path: Path) -> None:
    """A guard that dies while it holds the keyboard frozen lets it go."""
    _ours, _ui, theirs, main = await stage.with_page()
    stage.guard.process.send_signal(19)
    theirs.type("a")
    stage.guard.process.kill()
    await stage.guard.process.wait()
    assert await _typed(theirs, main, ("b",)) == ["b"]
    stage.guard = await Guard.start(stage.server, tmp_path)
