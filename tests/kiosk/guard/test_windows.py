"""Which windows are seen, where, and which has the keyboard; with real X clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from Xlib import X, Xatom
from Xlib.protocol import event

from kiosk.inert import INERT_SECONDS
from tests.kiosk.guard.stage import Control, Guard, Stage
from tests.kiosk.guard.xclient import BAR, HEIGHT, PATIENCE, WIDTH, XClient, XServer, XWindow, until

WHOLE = (0, 0, WIDTH, HEIGHT)
REST = (0, BAR, WIDTH, HEIGHT - BAR)
TOP = (0, 0, WIDTH, BAR)
BEHIND_ITS_STRIP = (0, BAR - 35, WIDTH, HEIGHT - BAR + 35)
BAR_POINT, PAGE_POINT = (WIDTH // 2, BAR // 2), (WIDTH // 2, HEIGHT // 2)


async def test_full_hides_the_browser(stage: Stage) -> None:
    ours, theirs = stage.client(), stage.client()
    main = theirs.main().map()
    await stage.shows(main)
    assert theirs.at(*PAGE_POINT) != main.id, "without a UI the curtain covers the page"
    ui = ours.ui().map()
    await stage.shows(ui)
    await until(lambda: ui.place == WHOLE)
    assert ours.at(*BAR_POINT) == ours.at(*PAGE_POINT) == ui.id
    await until(lambda: ours.focus == ui.id)
    assert main.seen


async def test_what_comes_is_never_over_our_screens(stage: Stage) -> None:
    """Not for the moment either in which it is mapped: our screens are not uncovered, and need not be drawn anew."""
    ours, theirs = stage.client(), stage.client()
    ui = ours.ui().map()
    await stage.shows(ui)
    await until(lambda: ui.place == WHOLE)
    await ours.until(lambda: ui.exposed)
    ui.exposed = 0
    main, popup = theirs.main().map(), theirs.popup().map()
    await stage.shows(main, popup)
    theirs.message(main, "_NET_ACTIVE_WINDOW", 2)
    await until(lambda: theirs.stack.index(main.id) > theirs.stack.index(popup.id))
    ours.read()
    assert ui.exposed == 0


async def test_bar_leaves_the_rest_to_the_page(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    assert ui.place == TOP
    assert ours.at(*BAR_POINT) == ui.id
    assert ours.focus == main.id
    active = ours.root.get_full_property(ours.atom("_NET_ACTIVE_WINDOW"), Xatom.WINDOW)
    assert list(active.value) == [main.id]
    area = ours.root.get_full_property(ours.atom("_NET_WORKAREA"), Xatom.CARDINAL)
    assert tuple(area.value) == REST
    state = main.window.get_full_property(ours.atom("WM_STATE"), ours.atom("WM_STATE"))
    assert list(state.value) == [1, 0]
    await stage.guard.layout("full")
    assert (ui.place, ours.focus, ours.at(*PAGE_POINT)) == (WHOLE, ui.id, ui.id)
    theirs.read()
    main.told.clear()
    await stage.guard.layout("bar", height=400)
    assert ui.place == (0, 0, WIDTH, 400)
    assert main.place == (0, 400, WIDTH, HEIGHT - 400)
    theirs.read()
    assert main.told[-1] == (0, 400, WIDTH, HEIGHT - 400)
    await stage.guard.layout("bar", height=5000)
    assert main.place == (0, 600, WIDTH, 200), "a page keeps a quarter of the screen"


async def test_a_page_that_has_just_come_takes_no_taps(stage: Stage) -> None:
    """The second half of a double tap is not for what the first half brought."""
    ours, ui, theirs, main = await stage.with_page()
    popup = theirs.popup()

    async def twice_where(change: Callable[[], object], page: XWindow) -> None:
        page.buttons.clear()
        begun = time.monotonic()
        change()
        await until(lambda: ours.focus == page.id, "the page")
        theirs.click(*PAGE_POINT)
        ours.click(*BAR_POINT)
        await ours.until(lambda: ui.buttons, "the bar's tap")
        ui.buttons.clear()
        while ours.at(*PAGE_POINT) != page.id:
            theirs.read()
            assert not page.buttons
            await asyncio.sleep(0.005)
        assert INERT_SECONDS <= time.monotonic() - begun < PATIENCE
        theirs.click(*PAGE_POINT)
        await theirs.until(lambda: page.buttons, "the tap")
        assert page.buttons == [1]

    await stage.guard.layout("full")
    for change, page in (
        (lambda: asyncio.ensure_future(stage.guard.layout("bar")), main),
        (popup.map, popup),
        (lambda: theirs.message(main, "_NET_ACTIVE_WINDOW", 2), main),
        (popup.ask_for_the_top, popup),
        (popup.destroy, main),
    ):
        await twice_where(change, page)


async def test_the_page_that_was_there_takes_taps_all_the_time(stage: Stage) -> None:
    ours, _ui, theirs, main = await stage.with_page()
    await stage.guard.layout("bar", height=300)
    assert ours.at(*PAGE_POINT) == main.id
    theirs.message(main, "_NET_ACTIVE_WINDOW", 2)
    menu = theirs.make(override=True, types=["MENU"], place=(600, 200, 200, 500)).map()
    await until(lambda: ours.at(*PAGE_POINT) == menu.id)
    menu.destroy()
    await until(lambda: ours.at(*PAGE_POINT) == main.id)


async def test_a_page_that_is_no_kiosk_has_its_address_bar_out_of_reach(stage: Stage) -> None:
    ours, theirs = stage.client(), stage.client()
    ui, main = ours.ui().map(), theirs.main(minimum=87).map()
    await stage.shows(ui, main)
    await stage.guard.layout("bar")
    assert main.place == (0, BAR - 87, WIDTH, HEIGHT - BAR + 87)
    theirs.ask_fullscreen(main)
    await until(lambda: main.place == REST)
    wanted = main.window.get_full_property(theirs.atom("_NET_WM_STATE"), Xatom.ATOM)
    assert list(wanted.value) == [theirs.atom("_NET_WM_STATE_FULLSCREEN")]


async def test_a_popup_takes_the_page_and_gives_it_back(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    popup = theirs.popup(place=(200, 300, 400, 334)).map()
    await stage.shows(popup)
    await until(lambda: ours.focus == popup.id)
    assert popup.place == BEHIND_ITS_STRIP
    await stage.takes_taps(popup.id)
    assert ours.at(WIDTH // 2, BAR - 1) == ui.id, "the strip is under the bar"
    second = theirs.popup().map()
    await until(lambda: ours.focus == second.id)
    # In full screen it has no strip, and says so.
    theirs.set_minimum(second.window, 1)
    theirs.ask_fullscreen(second)
    await until(lambda: second.place == REST)
    theirs.ask_fullscreen(second, on=False)
    theirs.set_minimum(second.window, 51)
    await until(lambda: second.place == (0, BAR - 50, WIDTH, HEIGHT - BAR + 50), "a strip on a finer screen")
    popup.destroy()
    await until(lambda: ours.stack[-2:] == [second.id, ui.id])
    assert ours.focus == second.id
    second.destroy()
    await until(lambda: ours.focus == main.id)
    assert (await stage.guard.call("State"))["popups"] == 0


@pytest.mark.parametrize(
    "kind", ["dialog", "transient", "utility", "second main", "unknown role", "stranger", "false ui", "browser's ui"]
)
async def test_no_other_window_is_ever_seen(stage: Stage, kind: str) -> None:
    _ours, _ui, theirs, main = await stage.with_page()
    chromium = ("chromium", "Chromium")
    makers: dict[str, Callable[[], XWindow]] = {
        "dialog": lambda: theirs.make(wm_class=chromium, role="GtkFileChooserDialog", types=["DIALOG"]),
        "transient": lambda: theirs.main(role="pop-up", transient=main),
        "utility": lambda: theirs.make(wm_class=chromium, role="pop-up", types=["UTILITY", "NORMAL"]),
        "second main": theirs.main,
        "unknown role": lambda: theirs.main(role="task-manager"),
        "stranger": lambda: stage.client().make(wm_class=("xterm", "XTerm")),
        "false ui": lambda: stage.client().ui(),
        "browser's ui": theirs.ui,
    }
    other = makers[kind]().map()
    await other.client.until(lambda: other.asked_to_close, "a polite word")
    assert not other.seen
    state = await stage.guard.call("State")
    assert (state["refused"], state["main"], state["ui"]) == (1, True, True)
    assert state["choosers"] == (kind == "dialog")


async def test_windows_get_their_place_and_no_other(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    theirs.read()
    main.told.clear()
    main.window.configure(x=0, y=0, width=WIDTH, height=HEIGHT, stack_mode=X.Above)
    ui.window.configure(y=300)
    theirs.display.sync()
    ours.display.sync()
    await theirs.until(lambda: main.told, "an answer to the request")
    assert set(main.told) == {REST}
    for name in ("_NET_ACTIVE_WINDOW", "_NET_CLOSE_WINDOW", "_NET_MOVERESIZE_WINDOW", "WM_CHANGE_STATE"):
        theirs.message(main, name, 3)
    theirs.ask_fullscreen(main, on=False)
    theirs.ask_fullscreen(main)
    await stage.guard.call("State")
    await until(lambda: main.place == REST and ui.place == TOP)
    assert ours.at(*BAR_POINT) == ui.id
    assert main.seen


async def test_nothing_of_the_browser_covers_the_bar(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    menu = theirs.make(override=True, types=["MENU"], place=(600, 20, 200, 500), colour=0xD06060).map()
    await until(lambda: ours.stack[-2:] == [menu.id, ui.id])
    assert (ours.at(*BAR_POINT), ours.at(*PAGE_POINT)) == (ui.id, menu.id)
    menu.window.configure(y=0, stack_mode=X.Above)
    theirs.display.sync()
    await until(lambda: ours.stack[-1] == ui.id)
    await stage.guard.layout("full")
    assert ours.at(*PAGE_POINT) == ui.id
    second = theirs.make(override=True, place=(0, 0, WIDTH, HEIGHT)).map()
    await until(lambda: ours.stack[-1] == ui.id)
    assert ours.at(*PAGE_POINT) == ui.id
    second.destroy()
    await stage.guard.layout("bar")
    await until(lambda: ours.stack[-3:] == [main.id, menu.id, ui.id])


async def _focused(client: XClient, window: XWindow) -> None:
    await until(lambda: client.focus == window.id, "the focus")


async def test_only_the_guard_gives_the_keyboard(stage: Stage) -> None:
    _ours, ui, theirs, main = await stage.with_page()
    for mode, owner, taker in (("bar", main, ui), ("full", ui, main)):
        await stage.guard.layout(mode)
        taker.window.set_input_focus(X.RevertToParent, X.CurrentTime)
        taker.client.display.sync()
        await _focused(theirs, owner)


async def test_without_the_ui_everything_is_covered(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    ours.close()
    await until(lambda: theirs.at(*PAGE_POINT) not in (ui.id, main.id))
    state = await stage.guard.call("State")
    assert (state["mode"], state["ui"]) == ("full", False)
    assert theirs.focus != main.id
    # The next UI's call may come before its window.
    await stage.guard.layout("bar")
    assert theirs.at(*PAGE_POINT) != main.id
    again = stage.client()
    ui = again.ui().map()
    await stage.shows(ui)
    await until(lambda: (again.at(*BAR_POINT), again.at(*PAGE_POINT)) == (ui.id, main.id))


async def test_the_browser_may_come_and_go(stage: Stage) -> None:
    ours, ui, theirs, _main = await stage.with_page()
    theirs.close()
    await until(lambda: ours.at(*PAGE_POINT) not in (ui.id, _main.id), "the curtain under the bar")
    assert ours.at(*BAR_POINT) == ui.id
    again = stage.client()
    main = again.main().map()
    await stage.shows(main)
    await until(lambda: ours.focus == main.id)


async def test_the_ui_says_which_window_it_is(stage: Stage) -> None:
    impostor = stage.client().ui().map()
    await stage.shows(impostor)
    ours = stage.client()
    ui = ours.ui()
    await stage.guard.layout("bar", window=ui.id)
    await until(lambda: not impostor.seen)
    second = stage.client().ui().map()
    await second.client.until(lambda: second.asked_to_close)
    ui.map()
    await stage.shows(ui)
    await until(lambda: ui.place == TOP)
    await stage.guard.layout("full", window=ui.id)
    assert ours.at(*PAGE_POINT) == ui.id


async def test_a_guard_that_comes_back_takes_in_what_is_there(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    popup = theirs.popup().map()
    menu = theirs.make(override=True, place=(600, 20, 200, 500)).map()
    await until(lambda: ours.stack[-1] == ui.id and popup.seen)
    stage.guard.process.kill()
    await stage.guard.process.wait()
    dialog = theirs.make(wm_class=("chromium", "Chromium"), types=["DIALOG"]).map()
    assert dialog.seen, "nobody guards"
    stage.control.ready.clear()
    stage.guard = await Guard.start(stage.server, stage.run)
    await until(lambda: stage.control.ready, "Ready")
    state = await stage.guard.call("State")
    assert (state["mode"], state["ui"], state["main"], state["popups"]) == ("full", True, True, 1)
    assert not dialog.seen
    assert ours.at(*PAGE_POINT) == ours.at(*BAR_POINT) == ui.id
    await stage.guard.layout("bar")
    assert ours.focus == popup.id
    await until(lambda: ours.stack[-4:] == [main.id, popup.id, menu.id, ui.id])
    assert (popup.place, main.place) == (BEHIND_ITS_STRIP, REST)


async def test_another_screen_size_places_everything_anew(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    popup = theirs.popup().map()
    await stage.shows(popup)
    # Xvfb has one mode only; with its output off, the screen may have any size that is not larger.
    resources = ours.root.xrandr_get_screen_resources()
    ours.display.xrandr_set_crtc_config(resources.crtcs[0], resources.config_timestamp, 0, 0, 0, 1, [])
    ours.root.xrandr_set_screen_size(1024, 768, 270, 203)
    ours.display.sync()
    await until(lambda: main.place == (0, BAR, 1024, 768 - BAR))
    await until(lambda: (ui.place, popup.place) == ((0, 0, 1024, BAR), (0, BAR - 35, 1024, 768 - BAR + 35)))


async def test_events_made_up_by_a_client_are_not_believed(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    gone = event.DestroyNotify(event=theirs.root, window=ui.window)
    resized = event.ConfigureNotify(
        event=theirs.root, window=theirs.root, above_sibling=X.NONE,
        x=0, y=0, width=64, height=64, border_width=0, override=False,
    )  # fmt: skip
    for lie in (gone, resized):
        theirs.root.send_event(lie, event_mask=X.SubstructureNotifyMask | X.StructureNotifyMask)
    # An honest one after them, to know that they were read.
    popup = theirs.popup().map()
    await until(lambda: ours.focus == popup.id)
    assert (await stage.guard.call("State"))["ui"]
    assert (ui.place, main.place) == (TOP, REST)


async def test_windows_that_vanish_do_not_disturb(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    for number in range(60):
        window = theirs.popup() if number % 2 else theirs.make(override=True)
        window.window.map()
        window.window.configure(x=number, stack_mode=X.Above)
        window.window.destroy()
    theirs.display.sync()
    await until(lambda: ours.focus == main.id)
    state = await stage.guard.call("State")
    assert (state["popups"], state["main"]) == (0, True)
    assert ours.at(*BAR_POINT) == ui.id


async def test_a_flood_of_popups_ends(stage: Stage) -> None:
    ours, _ui, theirs, _main = await stage.with_page()
    popups = [theirs.popup().map() for _ in range(10)]
    await theirs.until(lambda: popups[-1].asked_to_close)
    assert sum(popup.seen for popup in popups) == 8
    assert ours.focus == popups[7].id


async def test_another_window_manager_is_a_clear_failure(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    second = await Guard.start(stage.server, tmp_path / "other")
    await second.process.wait()
    assert second.process.returncode == 1
    assert "another window manager" in await second.stop()


async def test_a_guard_is_ready_at_once_and_ends_with_its_display(tmp_path: Path) -> None:
    async with XServer.running() as server:
        control = Control(tmp_path)
        begun = time.monotonic()
        guard = await Guard.start(server, tmp_path)
        # It waits for a session daemon that is late.
        await until((tmp_path / "guard").exists)
        await control.start()
        await until(lambda: control.ready)
        assert time.monotonic() - begun < 2
        server.process.terminate()
        await guard.process.wait()
        assert guard.process.returncode == 1
        assert "the X server is gone" in await guard.stop()
        await control.stop()
