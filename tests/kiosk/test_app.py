"""The UI as it runs: its own process, a real X server, real taps; the other processes are fakes on real sockets."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from Xlib import XK, X
from Xlib import display as xdisplay
from Xlib.ext import xtest

from kiosk import theme, toolkit
from session.model import Snapshot, State
from tests.kiosk import cases, positions
from tests.kiosk.fakes import FakeStation, until
from tests.kiosk.xvfb import xvfb

CALM = theme.PALETTES[theme.Colours.CALM]

one_size = pytest.mark.parametrize("display", [(1280, 800)], indirect=True)
"""For what does not depend on the display's size."""
IDLE_SHARE = 0.05
"""Of one processor, at rest; measured about 0.01."""


class Hands:
    """Taps and keys by XTEST, and single pixels, on one display."""

    def __init__(self, name: str) -> None:
        self.display = xdisplay.Display(name)
        self.root = self.display.screen().root
        geometry = self.root.get_geometry()
        self.width, self.height = geometry.width, geometry.height

    def tap(self, name: str, times: int = 1) -> None:
        x, y = positions.centre(name, self.width, self.height)
        xtest.fake_input(self.display, X.MotionNotify, x=x, y=y)
        for _ in range(times):
            xtest.fake_input(self.display, X.ButtonPress, 1)
            xtest.fake_input(self.display, X.ButtonRelease, 1)
        self.display.sync()

    def key(self, name: str, times: int = 1) -> None:
        code = self.display.keysym_to_keycode(XK.string_to_keysym(name))
        for _ in range(times):
            xtest.fake_input(self.display, X.KeyPress, code)
            xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()

    def colour(self, x: int, y: int) -> tuple[int, int, int]:
        data = self.root.get_image(x, y, 1, 1, X.ZPixmap, 0xFFFFFFFF).data
        return data[2], data[1], data[0]

    def sees(self, colour: theme.Colour, x: int, y: int) -> bool:
        return self.colour(x, y) == tuple(round(255 * part) for part in colour[:3])

    async def tap_until(self, name: str, effect: Callable[[], bool]) -> None:
        """Taps again while a new screen is inert, or not there yet."""
        for _ in range(60):
            self.tap(name)
            if await until(effect, 0.15):
                return
        pytest.fail(f"tapping {name} had no effect")

    def window(self) -> Any:
        """The UI's window, or None."""
        for child in self.root.query_tree().children:
            if (child.get_wm_class() or ("",))[0] == toolkit.WINDOW_INSTANCE:
                return child
        return None


class Ui:
    """`python -m kiosk.app` on a display, beside fakes; its guard resizes the window as the real one does."""

    def __init__(self, station: FakeStation, hands: Hands, display: str) -> None:
        self.station, self.hands = station, hands
        settings = msgspec.structs.replace(cases.SETTINGS, width=hands.width, height=hands.height)
        (station.run / "settings.json").write_bytes(msgspec.json.encode(settings))
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "HOME": str(station.run),
            "MARCHEPIED_RUN": str(station.run),
            "MARCHEPIED_SETTINGS": str(station.run / "settings.json"),
        }
        self.process: subprocess.Popen[bytes] | None = None
        station.guard.on_call = self._guard

    def _guard(self, name: str, parameters: dict[str, Any]) -> None:
        if name != "Layout":
            return
        height = parameters["height"] if parameters["mode"] == "bar" else self.hands.height
        window = self.hands.display.create_resource_object("window", parameters["window"])
        window.configure(height=height)
        self.hands.display.sync()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk.app"], env=self.environment, stderr=subprocess.PIPE
        )

    async def ready(self) -> None:
        self.start()
        before = self.station.control.count("Ready")
        assert await until(lambda: self.station.control.count("Ready") > before)

    def kill(self, number: int = signal.SIGKILL) -> bytes:
        """What it wrote to its error output."""
        assert self.process is not None
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        self.process = None
        return errors

    def show(self, name: str) -> None:
        case = cases.CASES[name]
        if case.desk is not None:
            self.station.desk.publish(case.desk, case.rooms.papers)
        self.station.control.publish(case.snapshot)


@pytest.fixture(scope="module", params=[(1024, 768), (1280, 800)], ids=str)
def display(request: pytest.FixtureRequest) -> Iterator[str]:
    with xvfb(*request.param) as name:
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


async def test_a_visit_by_taps(ui: Ui) -> None:
    hands, control, desk, guard = ui.hands, ui.station.control, ui.station.desk, ui.station.guard
    ui.show("welcome")
    await ui.ready()
    await hands.tap_until("start", lambda: control.called("Start"))
    ui.show("notice")
    # The notice is read, and only then is a tile there to tap.
    await _tap_through(hands, "understood", "site_0", lambda: desk.called("Open", site="site0"))
    ui.show("bar_full")
    assert await until(lambda: guard.calls[-1][1]["mode"] == "bar")
    assert await until(lambda: hands.sees(CALM.night, 4, 4))
    assert hands.window().get_geometry().height == theme.bar_plan(hands.width, 96, theme.TextSize.NORMAL).height
    for name, action in (("bar_back", "back"), ("bar_larger", "larger"), ("bar_smaller", "smaller")):
        await hands.tap_until(name, functools.partial(guard.called, "Press", action=action))
    await hands.tap_until("bar_pages", lambda: guard.calls[-1][1].get("mode") == "full")
    await hands.tap_until("back", lambda: guard.calls[-1][1].get("mode") == "bar")
    await hands.tap_until("bar_home", lambda: desk.called("Home"))
    await hands.tap_until("bar_finished", lambda: guard.calls[-1][1].get("mode") == "full")
    await hands.tap_until("no", lambda: guard.calls[-1][1].get("mode") == "bar")
    await hands.tap_until("bar_finished", lambda: guard.calls[-1][1].get("mode") == "full")
    assert control.count("End") == 0
    await hands.tap_until("yes", lambda: control.called("End"))
    ui.show("erasing")
    assert not ui.kill()


async def _tap_through(hands: Hands, first: str, second: str, effect: Callable[[], bool]) -> None:
    """Taps two buttons of screens that follow each other, the first of which tells nobody."""
    for _ in range(60):
        for name in (first, second):
            hands.tap(name)
            if await until(effect, 0.15):
                return
    pytest.fail(f"tapping {first} and {second} had no effect")


def _bar_of(ui: Ui) -> dict[str, Any]:
    return {"mode": "bar", "height": positions.BAR_HEIGHT, "window": ui.hands.window().id}


@one_size
async def test_larger_words_and_other_colours_stay_when_the_ui_dies(ui: Ui) -> None:
    hands, strong = ui.hands, theme.PALETTES[theme.Colours.STRONG]
    ui.show("welcome")
    await ui.ready()
    assert await until(lambda: hands.sees(CALM.accent, 400, 424))
    await hands.tap_until("display", lambda: not hands.sees(CALM.accent, 400, 424))
    await hands.tap_until("colours_strong", lambda: hands.sees(strong.paper, 4, 4))
    await hands.tap_until("back", lambda: hands.sees(strong.accent, 400, 424))
    ui.kill()
    ui.start()
    assert await until(lambda: hands.sees(strong.accent, 400, 424))
    await hands.tap_until("start", lambda: ui.station.control.called("Start"))


@one_size
async def test_a_hasty_double_tap_or_a_key_never_ends_a_visit(ui: Ui) -> None:
    hands, control, guard = ui.hands, ui.station.control, ui.station.guard
    ui.show("bar")
    await ui.ready()
    assert await until(lambda: bool(guard.calls) and guard.calls[-1][1].get("mode") == "bar")
    for _ in range(60):
        hands.tap("bar_finished", times=2)
        if await until(lambda: guard.calls[-1][1].get("mode") == "full", 0.6):
            break
    # At once, while the question is new: neither a tap that was on its way nor keys answer it.
    hands.tap("yes", times=3)
    for name in ("space", "Return", "Escape", "KP_Enter", "F1", "y", "o"):
        hands.key(name, times=2)
    await hands.tap_until("no", lambda: guard.calls[-1][1].get("mode") == "bar")
    assert control.count("End") == 0
    assert ui.process is not None
    assert ui.process.poll() is None


@one_size
async def test_warning_gives_more_time(ui: Ui) -> None:
    ui.show("bar")
    await ui.ready()
    assert await until(lambda: ui.station.guard.called("Layout", **_bar_of(ui)))
    ui.show("warning_over")
    assert await until(lambda: ui.station.guard.calls[-1][1].get("mode") == "full")
    await ui.hands.tap_until("more_time", lambda: ui.station.control.called("MoreTime"))


@one_size
async def test_a_killed_ui_resumes_and_a_new_guard_is_told(ui: Ui) -> None:
    guard = ui.station.guard
    ui.show("bar_full")
    await ui.ready()
    ui.kill()
    guard.calls.clear()
    await ui.ready()
    assert await until(lambda: any(call[1].get("mode") == "bar" for call in guard.calls))
    assert await until(lambda: ui.hands.sees(CALM.night, 4, 4))
    await guard.stop()
    guard.calls.clear()
    await guard.start()
    assert await until(lambda: guard.called("Layout", **_bar_of(ui)))


@one_size
async def test_it_runs_without_any_of_the_others(ui: Ui) -> None:
    await ui.station.stop()
    ui.start()
    assert await until(lambda: ui.hands.sees(CALM.paper, 4, 4))
    await ui.station.start()
    ui.show("welcome")
    assert await until(lambda: ui.station.control.called("Ready", component="ui"))
    await ui.hands.tap_until("start", lambda: ui.station.control.called("Start"))
    window = ui.hands.window()
    assert window.get_wm_class()[0] == toolkit.WINDOW_INSTANCE
    geometry = window.get_geometry()
    assert (geometry.x, geometry.y, geometry.width, geometry.height) == (0, 0, ui.hands.width, ui.hands.height)
    assert ui.process is not None
    process = ui.process
    assert not ui.kill(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


@one_size
async def test_it_writes_nothing_and_rests(ui: Ui) -> None:
    ui.show("welcome")
    before = {path.name for path in ui.station.run.iterdir()}
    started = time.monotonic()
    await ui.ready()
    print(f"ready after {time.monotonic() - started:.2f} s")
    assert time.monotonic() - started < 5
    assert ui.process is not None
    process = psutil.Process(ui.process.pid)
    await asyncio.sleep(0)

    def rests() -> bool:
        """A whole second with little work; what the start needs must end by itself."""
        share = process.cpu_percent(interval=1.0) / 100
        print(f"{share:.3f} of a processor")
        return share < IDLE_SHARE

    assert await until(rests, 10)
    assert {path.name for path in ui.station.run.iterdir()} == before
    ui.station.control.publish(Snapshot(state=State.OUT_OF_SERVICE))
    assert await until(lambda: ui.hands.sees(CALM.paper, 4, 4))
