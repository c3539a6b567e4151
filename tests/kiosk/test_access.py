"""The screens by the keyboard alone, and by one switch: real keys on a real X server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from Xlib import XK, X
from Xlib.ext import xtest

from kiosk import theme
from tests.kiosk.fakes import FakeStation, until
from tests.kiosk.test_app import Hands, Ui
from tests.kiosk.xvfb import xvfb

WIDTH, HEIGHT = 1280, 800
@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with xvfb(WIDTH, HEIGHT) as name:
        yield name


@pytest.fixture
async def ui(display: str, tmp_path: Path) -> AsyncIterator[Ui]:
    hands = Hands(display)
    async with FakeStation(tmp_path) as station:
        ui = Ui(station, hands, display)
        yield ui
        if ui.process is not None:
            ui.kill()
    hands.display.close()


def ring(hands: Hands) -> tuple[int, int, int, int] | None:
    """Where the ring's colour is in lines as long as a button: left, top, how many such lines, bottom."""
    raw = hands.root.get_image(0, 0, WIDTH, HEIGHT, X.ZPixmap, 0xFFFFFFFF).data
    data = Image.frombytes("RGB", (WIDTH, HEIGHT), raw, "raw", "BGRX").tobytes()
    line = bytes(round(255 * part) for part in theme.PALETTES[theme.Colours.CALM].ring[:3]) * 100
    rows = [data[3 * WIDTH * row : 3 * WIDTH * (row + 1)] for row in range(HEIGHT)]
    found = [(row, at // 3) for row, pixels in enumerate(rows) if (at := pixels.find(line)) >= 0]
    return (found[0][1], found[0][0], len(found), found[-1][0]) if found else None


async def key_until(hands: Hands, key: str, effect: Callable[[], bool]) -> None:
    """Presses again while a new screen is inert, as people do."""
    for _ in range(40):
        hands.key(key)
        if await until(effect, 0.3):
            return
    pytest.fail(f"{key} had no effect")


async def test_the_first_key_shows_the_ring_and_does_nothing(ui: Ui) -> None:
    ui.show("welcome")
    await ui.ready()
    hands, control = ui.hands, ui.station.control
    assert ring(hands) is None
    hands.key("Return")
    assert await until(lambda: ring(hands) is not None)
    assert control.count("Start") == 0
    await key_until(hands, "Return", lambda: control.called("Start"))


async def test_the_ring_is_thick_and_goes_where_the_keys_lead(ui: Ui) -> None:
    ui.show("welcome")
    await ui.ready()
    hands = ui.hands
    hands.key("Tab")
    assert await until(lambda: ring(hands) is not None)
    places = [ring(hands)]
    for key, modifier in (("Right", ""), ("Down", ""), ("Tab", ""), ("Tab", "Shift_L"), ("Left", ""), ("Up", "")):
        with held(hands, modifier):
            hands.key(key)
        assert await until(lambda: ring(hands) not in (None, places[-1])), key
        places.append(ring(hands))
    assert all(place is not None and place[2] >= 8 for place in places), "two lines of four pixels"
    assert len(set(places)) == 4, "each button its own"
    assert places[-1] == places[0], "there and back"


async def test_a_tap_puts_the_ring_away(ui: Ui) -> None:
    ui.show("welcome")
    await ui.ready()
    ui.hands.key("Tab")
    assert await until(lambda: ring(ui.hands) is not None)
    ui.hands.tap("start")
    assert await until(lambda: ring(ui.hands) is None)


async def test_one_switch_is_enough(ui: Ui) -> None:
    """The ring goes by itself from "Commencer" on; the switch does what it is at."""
    ui.show("welcome")
    await ui.ready()
    hands = ui.hands
    hands.key("F9")
    assert await until(lambda: ring(hands) is not None)
    first = ring(hands)
    assert await until(lambda: ring(hands) not in (None, first))
    assert await until(lambda: ring(hands) == first, 30), "round: some seconds at each of all that the screen has"
    await key_until(hands, "F9", lambda: ui.station.control.called("Start"))
    ui.show("warning_idle")
    await key_until(hands, "F9", lambda: ui.station.control.called("MoreTime"))


async def test_escape_is_back_where_there_is_one(ui: Ui) -> None:
    guard = ui.station.guard
    ui.show("bar_full")
    await ui.ready()
    await ui.hands.tap_until("bar_pages", lambda: guard.calls[-1][1].get("mode") == "full")
    await key_until(ui.hands, "Escape", lambda: guard.calls[-1][1].get("mode") == "bar")


async def test_the_question_is_answered_by_keys_and_first_with_no(ui: Ui) -> None:
    guard, control = ui.station.guard, ui.station.control
    ui.show("bar")
    await ui.ready()
    assert await until(lambda: guard.calls[-1][1].get("mode") == "bar")
    for answer in ("no", "yes"):
        await ui.hands.tap_until("bar_finished", lambda: guard.calls[-1][1].get("mode") == "full")
        ui.hands.key("Tab")
        assert await until(lambda: ring(ui.hands) is not None)
        if answer == "no":
            await key_until(ui.hands, "space", lambda: guard.calls[-1][1].get("mode") == "bar")
            assert control.count("End") == 0
        else:
            ui.hands.key("Tab")
            await key_until(ui.hands, "Return", lambda: control.called("End"))


async def test_a_held_key_acts_once(ui: Ui) -> None:
    ui.show("warning_idle")
    await ui.ready()
    hands, control = ui.hands, ui.station.control
    hands.key("Tab")
    assert await until(lambda: ring(hands) is not None)
    await key_until(hands, "Return", lambda: control.count("MoreTime") == 1)
    with held(hands, "Return"):
        assert await until(lambda: control.count("MoreTime") == 2)
        # The server repeats the key by itself, 25 times a second after 0.66 s.
        ui.show("welcome")
        assert not await until(lambda: control.count("Start") > 0, 2)
    await key_until(hands, "Return", lambda: control.count("Start") == 1)


@contextlib.contextmanager
def held(hands: Hands, key: str) -> Iterator[None]:
    if not key:
        yield
        return
    code = hands.display.keysym_to_keycode(XK.string_to_keysym(key))
    xtest.fake_input(hands.display, X.KeyPress, code)
    hands.display.sync()
    try:
        yield
    finally:
        xtest.fake_input(hands.display, X.KeyRelease, code)
        hands.display.sync()
