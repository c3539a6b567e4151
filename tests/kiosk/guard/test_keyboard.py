"""Room for the on-screen keyboard, and what it types, on a real server and with the real browser."""

from __future__ import annotations

import asyncio
import os

import pytest
from Xlib import X

from kiosk.guard.hands import notches
from kiosk.guard.places import Mode, Place, Screen, foot_height
from kiosk.guard.typist import is_character, keysym_of
from session.rpc import Refused
from tests.kiosk.guard.stage import Stage
from tests.kiosk.guard.test_chromium import CHROMIUM, Browser, chromium
from tests.kiosk.guard.xclient import BAR, HEIGHT, WIDTH, XClient, XWindow, until

FOOT = 370
REST = HEIGHT - BAR - FOOT
MIDDLE = BAR + REST // 2
BELOW = HEIGHT - FOOT // 2


def test_the_screen_is_divided_without_gaps() -> None:
    screen = Screen(WIDTH, HEIGHT, BAR, FOOT)
    assert screen.rest == Place(0, BAR, WIDTH, REST)
    assert screen.ui(Mode.BAR) == screen.ui(Mode.FULL) == screen.whole
    assert screen.parts(Mode.BAR) == (Place(0, 0, WIDTH, BAR), Place(0, HEIGHT - FOOT, WIDTH, FOOT))
    assert screen.parts(Mode.FULL) == ()
    assert screen.browser(35) == Place(0, BAR - 35, WIDTH, REST + 35)
    assert Screen(WIDTH, HEIGHT, BAR).parts(Mode.BAR) == ()


def test_a_page_keeps_a_quarter_of_the_screen() -> None:
    assert foot_height(FOOT, BAR, HEIGHT) == FOOT
    assert foot_height(10_000, BAR, HEIGHT) == HEIGHT * 3 // 4 - BAR
    assert foot_height(FOOT, HEIGHT, HEIGHT) == 0


@pytest.mark.parametrize(("y", "count"), [(0, 0), (430, 0), (431, 1), (550, 1), (551, 2), (799, 4)])
def test_what_is_behind_the_keyboard_goes_up_by_whole_notches(y: int, count: int) -> None:
    assert notches(y, 500) == count


@pytest.mark.parametrize(
    ("text", "keysym"), [("a", 0x61), ("é", 0xE9), ("€", 0x010020AC), ("ع", 0x01000639), ("œ", 0x01000153)]
)
def test_keysyms(text: str, keysym: int) -> None:
    assert is_character(text)
    assert keysym_of(text) == keysym


@pytest.mark.parametrize("text", ["", "ab", "\n", "\x00", "\x7f", "\u202e", "\ue000", "\ud800"])
def test_no_character(text: str) -> None:
    assert not is_character(text)


async def test_the_page_is_between_bar_and_keyboard(stage: Stage) -> None:
    _ours, ui, theirs, main = await stage.with_page()
    await stage.guard.layout("bar", foot=FOOT)
    await until(lambda: main.place == (0, BAR, WIDTH, REST), "the page's place")
    assert ui.place == (0, 0, WIDTH, HEIGHT)
    assert (await stage.guard.call("State"))["foot"] == FOOT
    assert theirs.at(640, BAR - 1) == ui.id
    assert theirs.at(640, BAR) == theirs.at(640, HEIGHT - FOOT - 1) == main.id
    assert theirs.at(640, HEIGHT - FOOT) == ui.id
    assert theirs.focus == main.id
    # Where it is touched it is the UI's, and in the hole the page's.
    for y in (BAR // 2, MIDDLE, BELOW):
        theirs.click(640, y)
    await ui.client.until(lambda: ui.buttons == [1, 1], "taps on bar and keyboard")
    await theirs.until(lambda: main.buttons == [1], "a tap on the page")


async def test_nothing_of_the_browser_covers_the_keyboard(stage: Stage) -> None:
    _ours, ui, theirs, main = await stage.with_page()
    menu = theirs.make(place=(0, 0, WIDTH, HEIGHT), override=True).map()
    await stage.shows(menu)
    await stage.guard.layout("bar", foot=FOOT)
    popup = theirs.popup().map()
    late = theirs.make(place=(0, 0, WIDTH, HEIGHT), override=True).map()
    await stage.shows(popup, late)
    for window in (main, popup, menu, late):
        window.ask_for_the_top()
    await until(lambda: theirs.stack[-1] == ui.id, "the UI on top")
    assert theirs.at(640, BELOW) == theirs.at(640, BAR // 2) == ui.id
    assert theirs.at(640, MIDDLE) not in (ui.id, main.id)
    assert popup.place == (0, BAR - 35, WIDTH, REST + 35)


async def test_the_keyboard_goes_as_it_came(stage: Stage) -> None:
    _ours, ui, theirs, main = await stage.with_page()
    for mode in ("bar", "full"):
        await stage.guard.layout("bar", foot=FOOT)
        await until(lambda: main.place == (0, BAR, WIDTH, REST), "the page's place")
        await stage.guard.layout(mode)
        await until(lambda: main.place == (0, BAR, WIDTH, HEIGHT - BAR), "the page's whole place")
        assert ui.place == (0, 0, WIDTH, BAR if mode == "bar" else HEIGHT)
        assert theirs.at(640, BELOW) == (main.id if mode == "bar" else ui.id)
        assert theirs.at(640, MIDDLE) == (main.id if mode == "bar" else ui.id)
        assert (await stage.guard.call("State"))["foot"] == 0


async def test_a_ui_that_comes_back_is_whole(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    await stage.guard.layout("bar", foot=FOOT)
    ours.close()
    await until(lambda: theirs.at(640, BELOW) not in (ui.id, main.id), "the curtain")
    again = stage.client().ui().map()
    await stage.shows(again)
    await until(lambda: theirs.at(640, MIDDLE) == theirs.at(640, BELOW) == again.id, "the UI, whole")
    await stage.guard.layout("bar", foot=FOOT)
    await until(lambda: theirs.at(640, BELOW) == again.id and theirs.at(640, MIDDLE) != again.id, "its keyboard")


async def test_the_page_below_the_hole_is_shielded_once_only(stage: Stage) -> None:
    """The page was there before: the keyboard's coming and going is no reason to refuse taps."""
    _ours, _ui, theirs, main = await stage.with_page()
    await stage.guard.layout("bar", foot=FOOT)
    assert theirs.at(640, MIDDLE) == main.id
    await stage.guard.layout("bar")
    assert theirs.at(640, MIDDLE) == main.id


# Typing


async def _type(stage: Stage, *keys: str) -> None:
    for key in keys:
        await stage.guard.call("Type", **({"text": key} if len(key) == 1 else {"key": key}))


async def _got(client: XClient, window: XWindow, number: int) -> list[str]:
    await client.until(lambda: len(_characters(window)) >= number, "the keys")
    return _characters(window)


def _characters(window: XWindow) -> list[str]:
    return [key for key in window.keys if not key.endswith(("_L", "_Lock"))]


async def test_characters_and_keys_reach_the_page(stage: Stage) -> None:
    _ours, ui, theirs, main = await stage.with_page()
    await _type(stage, "a", "A", "@", "é", "É", "ع", "backspace", "left", "right", "enter")
    assert await _got(theirs, main, 10) == [
        "a", "A", "at", "eacute", "Eacute", "0x1000639", "BackSpace", "Left", "Right", "Return",
    ]  # fmt: skip
    ui.client.read()
    assert ui.keys == []
    state = await stage.guard.call("State")
    assert (state["swallowed"], state["strokes"]) == (0, 0)


async def test_more_strange_characters_than_there_are_spare_keys(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    for code in range(0x0621, 0x063B):
        main.keys.clear()
        await _type(stage, chr(code))
        assert await _got(theirs, main, 1) == [hex(0x01000000 | code)]


async def test_a_forgotten_lock_does_not_turn_letters_round(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    theirs.type("Caps_Lock")
    await until(lambda: theirs.root.query_pointer().mask & X.LockMask, "the lock")
    await _type(stage, "a")
    assert await _got(theirs, main, 1) == ["a"]
    assert not theirs.root.query_pointer().mask & X.LockMask


async def test_typing_opens_no_way_for_other_keys(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    await _type(stage, "a")
    theirs.type("F11")
    theirs.type("Control_L", "t")
    await _type(stage, "b")
    assert await _got(theirs, main, 2) == ["a", "b"]


@pytest.mark.parametrize("wanted", [{"text": "\n"}, {"text": "\u202e"}, {}, {"text": "a", "key": "left"}])
async def test_what_is_no_key_is_refused(stage: Stage, wanted: dict[str, str]) -> None:
    await stage.with_page()
    with pytest.raises(Refused, match="no_key"):
        await stage.guard.call("Type", **wanted)


async def test_nothing_is_typed_into_the_ui(stage: Stage) -> None:
    _ours, ui, _theirs, _main = await stage.with_page()
    await stage.guard.layout("full")
    with pytest.raises(Refused, match="wrong_state"):
        await stage.guard.call("Type", text="a")
    ui.client.read()
    assert ui.keys == []


# Hands


async def _counts(stage: Stage) -> tuple[int, int]:
    state = await stage.guard.call("State")
    return state["touches"], state["strokes"]


async def _become(stage: Stage, touches: int, strokes: int) -> None:
    async with asyncio.timeout(3):
        while await _counts(stage) != (touches, strokes):
            await asyncio.sleep(0.005)


async def test_touches_of_pages_are_counted(stage: Stage) -> None:
    ours, _ui, theirs, _main = await stage.with_page()
    theirs.click(640, BAR // 2)
    await _become(stage, 0, 0)
    theirs.click(640, 400)
    await _become(stage, 1, 0)
    await stage.guard.layout("bar", foot=FOOT)
    theirs.click(640, BELOW)
    await _become(stage, 1, 0)
    theirs.click(640, MIDDLE)
    await _become(stage, 2, 0)
    theirs.click(640, MIDDLE, button=4)  # the wheel
    await _become(stage, 2, 0)
    theirs.click(640, MIDDLE)
    await _become(stage, 3, 0)
    await stage.guard.layout("full")
    ours.click(640, 400)
    await _become(stage, 3, 0)


async def test_a_real_keyboard_is_told_once_while_the_other_is_there(stage: Stage) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    theirs.type("a")
    await theirs.until(lambda: main.keys, "a key")
    assert await _counts(stage) == (0, 0)
    for time in (1, 2):
        await stage.guard.layout("bar", foot=FOOT)
        await _type(stage, "x")
        theirs.type("b")
        theirs.type("c")
        await _become(stage, 0, time)
        await stage.guard.layout("bar")


# The real browser

_FORM = """
document.body.innerHTML = `<div style="position: relative; height: ${innerHeight - 1}px">
  <input id=high style="left: 50px; top: 50px"><input id=low style="left: 50px; top: 600px">
  <input id=secret type=password style="left: 500px; top: 630px"></div>`;
id = name => document.getElementById(name); place = name => id(name).getBoundingClientRect();
visible = name => place(name).top >= 0 && place(name).bottom <= innerHeight
"""


@pytest.mark.skipif(not os.path.exists(CHROMIUM) or os.getuid() != 0, reason="needs Chromium, and root")
async def test_the_keyboard_covers_no_field_of_chromium_and_types_into_it(stage: Stage) -> None:
    async with chromium(stage.server.name) as browser:
        someone = stage.client()
        stage.client().ui().map()
        async with asyncio.timeout(15):
            while not (await stage.guard.call("State"))["main"]:
                await asyncio.sleep(0.01)
        await stage.guard.layout("bar")
        await browser.says("[document.readyState, innerHeight].join()", f"complete,{HEIGHT - BAR}")
        await browser.run(_FORM)
        await stage.takes_taps(someone.focus)
        for name, at in (("high", (100, BAR + 75)), ("low", (100, BAR + 625)), ("secret", (550, BAR + 655))):
            await _field(stage, browser, someone, name, at)


async def _field(stage: Stage, browser: Browser, someone: XClient, name: str, at: tuple[int, int]) -> None:
    await browser.says(f"scrollY + ',' + (place('{name}').bottom > {REST})", f"0,{str(name != 'high').lower()}")
    someone.click(*at)
    await browser.says("document.activeElement.id", name)
    await stage.guard.layout("bar", foot=FOOT)
    await browser.says(f"visible('{name}') + ',' + innerHeight", f"true,{REST}")
    await _type(stage, *"Zoé-@ع", "left", "backspace", *"9œ")
    await browser.says(f"id('{name}').value", "Zoé-9œع")
    assert await browser.run(f"visible('{name}')")
    await stage.guard.layout("bar")
    await browser.run("scrollTo(0, 0)")
    await browser.says("innerHeight", HEIGHT - BAR)
