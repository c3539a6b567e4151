"""A whole station whose panel is turned in the middle of a visit: bar, site and screens follow. Xephyr can turn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from Xlib.ext import randr

from session.model import State
from tests.kiosk.xvfb import xvfb
from tests.portal import Portal
from tests.station.harness import RunningStation
from tests.station.screen import Screen
from tests.station.visitor import Visitor

FIRST_UID = 62_608
WIDTH, HEIGHT = 1280, 800


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningStation]:
    with xvfb(HEIGHT + WIDTH, HEIGHT + WIDTH) as parent, Portal() as portal:
        monkeypatch.setenv("DISPLAY", parent)
        with RunningStation(
            name="glass", first_uid=FIRST_UID, server="xephyr", width=WIDTH, height=HEIGHT, port=portal.port
        ) as one:
            yield one


def turn(screen: Screen, rotation: int) -> None:
    info = screen.root.xrandr_get_screen_info()
    screen.root.xrandr_set_screen_config(info.size_id, rotation, info.config_timestamp)
    geometry = screen.root.get_geometry()
    screen.width, screen.height = geometry.width, geometry.height


def keep(picture: Image.Image, name: str) -> None:
    directory = os.environ.get("MARCHEPIED_PICTURES")
    if directory:
        picture.save(Path(directory, f"{name}.png"))


def barred(picture: Image.Image) -> bool:
    """The bar goes from one edge to the other, and below it is a page in its full width."""
    width, height = picture.size
    dark = [sum(picture.getpixel((x, 4))[:3]) < 200 for x in (4, width - 4)]  # type: ignore[index]
    page = [sum(picture.getpixel((x, height - 20))[:3]) > 600 for x in (8, width // 2)]  # type: ignore[index]
    return all(dark) and all(page)


def test_a_station_that_is_turned_goes_on(station: RunningStation) -> None:
    generation = station.wait_state(State.READY, 60).generation
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        for rotation, size in ((randr.Rotate_90, (HEIGHT, WIDTH)), (randr.Rotate_0, (WIDTH, HEIGHT))):
            turn(screen, rotation)
            screen.wait(lambda one, size=size: one.size == size and barred(one), what="the turned bar")  # type: ignore[misc]
            keep(screen.settle(3), f"turned-{rotation}-bar")
        # On its side again, to the end: the screens are laid out for it.
        turn(screen, randr.Rotate_270)
        screen.wait(lambda one: one.size == (HEIGHT, WIDTH) and barred(one), what="the turned bar")
        station.call("End")
    now = station.wait_state(State.READY, 60, after=generation)
    assert now.last_wipe is not None
    assert now.last_wipe.verified
