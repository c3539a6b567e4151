"""Panels that are turned, changed, and plugged in; on real servers: Xorg with its driver without a card, and Xephyr."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from Xlib.ext import randr

from kiosk.panel import dots_per_inch
from tests.kiosk.guard.stage import Guard, Stage
from tests.kiosk.guard.xclient import BAR, HEIGHT, WIDTH, XClient, XServer, until

XORG = "/usr/lib/xorg/Xorg"
CONFIG = """
Section "Device"
    Identifier "d"
    Driver "dummy"
    VideoRam 128000
EndSection
Section "Monitor"
    Identifier "m"
    HorizSync 5.0-1000.0
    VertRefresh 5.0-200.0
    Modeline "1280x800" 83.46 1280 1344 1480 1680 800 801 804 828
    Modeline "1920x1080" 172.80 1920 2040 2248 2576 1080 1081 1084 1118
EndSection
Section "Screen"
    Identifier "s"
    Device "d"
    Monitor "m"
    DefaultDepth 24
    SubSection "Display"
        Depth 24
        Modes "1280x800" "1920x1080"
        Virtual 4096 2160
    EndSubSection
EndSection
"""


@pytest.fixture
async def xorg(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on Xorg with outputs that can be plugged in: one that gets a mode is connected."""
    config = tmp_path / "xorg.conf"
    config.write_text(CONFIG, "ascii")
    program = (XORG, "-config", str(config), "-logfile", str(tmp_path / "log"), "-novtswitch", "-sharevts")
    async with Stage.set(tmp_path, program) as stage:
        yield stage


class Panels:
    """What any client may ask of the server, and a plug does."""

    def __init__(self, client: XClient) -> None:
        self.display, self.root = client.display, client.root

    @property
    def resources(self) -> Any:
        return self.root.xrandr_get_screen_resources()

    @property
    def size(self) -> tuple[int, int]:
        geometry = self.root.get_geometry()
        return geometry.width, geometry.height

    def mode(self, width: int, height: int) -> int:
        return next(int(one.id) for one in self.resources.modes if (one.width, one.height) == (width, height))

    @contextlib.contextmanager
    def in_one_go(self) -> Iterator[None]:
        """The guard mends a desktop that is half made too."""
        self.display.grab_server()
        try:
            yield
        finally:
            self.display.ungrab_server()
            self.display.sync()

    def show(self, number: int, x: int, mode: int) -> None:
        resources = self.resources
        output, crtc = resources.outputs[number], resources.crtcs[number]
        self.display.xrandr_set_crtc_config(crtc, resources.config_timestamp, x, 0, mode, randr.Rotate_0, [output])
        self.display.sync()

    def shown(self) -> list[tuple[int, int, int, int]]:
        """What of the desktop is on a panel, by panel."""
        resources = self.resources
        found = []
        for crtc in resources.crtcs:
            info = self.display.xrandr_get_crtc_info(crtc, resources.config_timestamp)
            if info.mode:
                found.append((info.x, info.y, info.width, info.height))
        return found

    def plug_in(self, x: int) -> None:
        """A second panel, beside the first one, with the desktop over both."""
        mode = self.mode(WIDTH, HEIGHT)
        self.display.xrandr_add_output_mode(self.resources.outputs[1], mode)
        with self.in_one_go():
            self.root.xrandr_set_screen_size(2 * WIDTH, HEIGHT, 600, 200)
            self.show(1, x, mode)


async def test_a_second_screen_stays_dark_and_the_pointer_where_it_was(xorg: Stage) -> None:
    ours, ui, theirs, main = await xorg.with_page()
    panels = Panels(xorg.client())
    for _ in range(2):  # whoever insists gets nothing either
        panels.plug_in(WIDTH)
        await until(lambda: panels.shown() == [(0, 0, WIDTH, HEIGHT)], "one panel")
        await until(lambda: panels.size == (WIDTH, HEIGHT), "the desktop of one panel")
    await until(lambda: (ui.place, main.place) == ((0, 0, WIDTH, BAR), (0, BAR, WIDTH, HEIGHT - BAR)))
    theirs.root.warp_pointer(2 * WIDTH - 10, HEIGHT // 2)
    pointer = ours.root.query_pointer()
    assert pointer.root_x < WIDTH


async def test_a_guard_that_finds_two_panels_leaves_one(xorg: Stage) -> None:
    await xorg.guard.stop()
    ours = xorg.client()
    panels = Panels(xorg.client())
    panels.plug_in(WIDTH)
    assert panels.shown() == [(0, 0, WIDTH, HEIGHT), (WIDTH, 0, WIDTH, HEIGHT)]
    xorg.guard = await Guard.start(xorg.server, xorg.run)
    await until(lambda: panels.shown() == [(0, 0, WIDTH, HEIGHT)], "one panel")
    await until(lambda: panels.size == (WIDTH, HEIGHT), "the desktop of one panel")
    ui = ours.ui().map()
    await xorg.shows(ui)
    await until(lambda: ui.place == (0, 0, WIDTH, HEIGHT))
    assert (await xorg.guard.call("State"))["dpi"] == 0, "this panel does not say how large it is"


async def test_what_the_own_panel_shows_is_in_the_corner(xorg: Stage) -> None:
    """A second screen to the left of the first one, which a desktop would make the beginning."""
    ours, ui, _theirs, main = await xorg.with_page()
    panels = Panels(xorg.client())
    with panels.in_one_go():
        panels.root.xrandr_set_screen_size(2 * WIDTH, HEIGHT, 600, 200)
        panels.show(0, WIDTH, panels.mode(WIDTH, HEIGHT))
    await until(lambda: panels.shown() == [(0, 0, WIDTH, HEIGHT)], "the corner")
    await until(lambda: panels.size == (WIDTH, HEIGHT))
    await until(lambda: (ui.place, main.place) == ((0, 0, WIDTH, BAR), (0, BAR, WIDTH, HEIGHT - BAR)))
    assert ours.at(WIDTH // 2, BAR // 2) == ui.id


async def test_a_panel_with_another_mode_is_filled(xorg: Stage) -> None:
    _ours, ui, _theirs, main = await xorg.with_page()
    panels = Panels(xorg.client())
    with panels.in_one_go():
        panels.root.xrandr_set_screen_size(1920, 1080, 500, 300)
        panels.show(0, 0, panels.mode(1920, 1080))
    await until(lambda: (ui.place, main.place) == ((0, 0, 1920, BAR), (0, BAR, 1920, 1080 - BAR)))
    # And back, as the server does it: the desktop stays larger than what is on the panel, until the guard mends that.
    panels.show(0, 0, panels.mode(WIDTH, HEIGHT))
    await until(lambda: panels.size == (WIDTH, HEIGHT), "the desktop of the panel")
    await until(lambda: (ui.place, main.place) == ((0, 0, WIDTH, BAR), (0, BAR, WIDTH, HEIGHT - BAR)))


@pytest.mark.parametrize("turn", [randr.Rotate_90, randr.Rotate_180, randr.Rotate_270])
async def test_a_panel_that_is_turned_is_filled(tmp_path: Path, turn: int) -> None:
    across, down = (WIDTH, HEIGHT) if turn == randr.Rotate_180 else (HEIGHT, WIDTH)
    async with XServer.running() as parent:
        program = ("Xephyr", "-screen", f"{WIDTH}x{HEIGHT}", "-no-host-grab")
        async with Stage.set(tmp_path, program, parent.name) as stage:
            ours, ui, _theirs, main = await stage.with_page()
            root = ours.root
            info = root.xrandr_get_screen_info()
            root.xrandr_set_screen_config(info.size_id, turn, info.config_timestamp)
            ours.display.sync()
            await until(lambda: (ui.place, main.place) == ((0, 0, across, BAR), (0, BAR, across, down - BAR)))
            assert ours.at(across // 2, BAR // 2) == ui.id
            await stage.guard.layout("full")
            await until(lambda: ui.place == (0, 0, across, down))


@pytest.mark.parametrize(
    ("panel", "dpi"),
    [
        ((1280, 800, 217, 136), 149.6),
        ((1920, 1080, 477, 268), 102.3),
        ((1366, 768, 344, 194), 100.7),
        ((1280, 800, 0, 0), 0),
        ((1920, 1080, 160, 90), 0),
        ((1920, 1080, 16, 9), 0),
        ((1280, 800, 1, 1), 0),
        ((1280, 800, 136, 217), 0),  # of a panel that stands, which does not
        ((1280, 800, 2000, 1250), 0),
    ],
)
def test_a_panel_is_believed_what_can_be_true(panel: tuple[int, int, int, int], dpi: float) -> None:
    assert dots_per_inch(*panel) == pytest.approx(dpi, abs=0.3)
