"""The bar and the page under it share one keyboard: who has it, and how it goes from one to the other."""

from __future__ import annotations

import pytest

from tests.kiosk.guard.stage import Stage
from tests.kiosk.guard.xclient import BAR, XClient, XWindow, until

Page = tuple[XClient, XWindow, XClient, XWindow]


async def _has_keys(client: XClient, window: XWindow) -> None:
    await until(lambda: client.focus == window.id, "the keyboard")


async def test_a_key_leads_to_the_bar_and_back(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    await _has_keys(theirs, main)
    for _ in range(2):
        theirs.type("F6")
        await _has_keys(ours, ui)
        ours.type("Tab")
        await ours.until(lambda: "Tab" in ui.keys)
        ui.keys.clear()
        theirs.type("F6")
        await _has_keys(theirs, main)
    theirs.type("a")
    await theirs.until(lambda: "a" in main.keys)
    ours.read()
    assert main.keys == ["a"], "and no page sees the key itself"
    assert ui.keys == []


async def test_escape_leads_back_and_is_otherwise_the_page_s(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    theirs.type("F6")
    await _has_keys(ours, ui)
    theirs.type("Escape")
    await _has_keys(theirs, main)
    theirs.type("Escape")
    await theirs.until(lambda: main.keys == ["Escape"])


@pytest.mark.parametrize("held", ["Shift_L", "Control_L", "Alt_L", "Super_L"])
async def test_only_the_plain_key(stage: Stage, held: str) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    theirs.type(held, "F6")
    theirs.type(held, "F9")
    theirs.type("a")
    await theirs.until(lambda: "a" in main.keys)
    assert theirs.focus == main.id


async def test_the_switch_is_the_ui_s_whoever_has_the_keyboard(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    for _ in range(2):
        theirs.type("F9")
        await ours.until(lambda: "F9" in ui.keys)
        assert ours.focus == ui.id
        ui.keys.clear()
    await stage.guard.layout("full")
    theirs.type("F9")
    await ours.until(lambda: "F9" in ui.keys)
    theirs.type("F6")
    theirs.type("q")
    await ours.until(lambda: "q" in ui.keys)
    theirs.read()
    assert not {"F6"} & set(ui.keys)
    assert main.keys == []


async def test_a_tap_gives_the_page_its_keyboard_back(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    theirs.type("F6")
    await _has_keys(ours, ui)
    theirs.click(600, 30)
    await ours.until(lambda: ui.buttons == [1])
    assert ours.focus == ui.id, "a tap on the bar changes nothing"
    theirs.click(600, BAR + 200)
    await theirs.until(lambda: main.buttons == [1])
    await _has_keys(theirs, main)
    theirs.click(600, BAR + 200)
    await theirs.until(lambda: main.buttons == [1, 1])


async def test_a_button_of_the_bar_that_is_a_key_goes_to_the_page_and_the_keyboard_stays(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    theirs.type("F6")
    await _has_keys(ours, ui)
    for _ in range(2):
        await stage.guard.call("Press", action="larger")
        await theirs.until(lambda: "Control+KP_Add" in main.keys)
        await _has_keys(ours, ui)
        main.keys.clear()
    ours.read()
    assert [key for key in ui.keys if key != "Control_L"] == []


async def test_another_screen_begins_with_the_page_s_keyboard(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    theirs.type("F6")
    await _has_keys(ours, ui)
    await stage.guard.layout("full")
    await stage.guard.layout("bar")
    await _has_keys(theirs, main)
