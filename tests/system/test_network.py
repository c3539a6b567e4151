"""A whole station whose network is cut and comes back: said on its screens, by itself, and gone by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk import theme
from session.model import Network, State
from session.pages import PageState
from tests.station.harness import RunningStation, wait_until
from tests.station.screen import Screen
from tests.station.visitor import Visitor

FIRST_UID = 62_400
AWAY = """
[[sites]]
id = "ailleurs"
title = "Ailleurs"
url = "https://www.exemple.invalid/"
"""
BANNER = tuple(round(255 * part) for part in theme.PALETTES[theme.Colours.CALM].finish[:3])
PLACE = (48, 90, 400, 40)
"""Where the banner is, if it is: below the head."""


@pytest.fixture
def station() -> Iterator[RunningStation]:
    with RunningStation(name="net", first_uid=FIRST_UID, alone=True, more=AWAY) as one:
        yield one


def told(screen: Screen) -> bool:
    colours = screen.picture(*PLACE).getcolors(PLACE[2] * PLACE[3]) or []
    return any(colour == BANNER for _, colour in colours)


def front(station: RunningStation) -> PageState | None:
    desk = station.desk()
    return next((page.state for page in desk.pages if page.id == desk.active), None)


def opens(station: RunningStation, screen: Screen) -> bool:
    """Taps the second site, which is lower than usual below the banner."""
    screen.tap(0.75 * screen.width, 0.37 * screen.height)
    screen.settle(1)
    return bool(station.desk().pages)


def network(station: RunningStation, wanted: Network) -> None:
    station.wait(lambda one: one.network is wanted, 20, f"a network that is {wanted}")


def test_a_cut_is_said_for_as_long_as_it_lasts(station: RunningStation) -> None:
    station.wait_state(State.READY, 60)
    network(station, Network.DOWN)
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        screen.wait(lambda _picture: told(screen), what="the banner on the welcome screen")
        station.inside("ip", "link", "add", "way0", "type", "veth", "peer", "name", "far0")
        for end in ("way0", "far0"):
            station.inside("ip", "link", "set", end, "up")
        station.inside("ip", "addr", "add", "192.0.2.2/24", "dev", "way0")
        station.inside("ip", "route", "add", "default", "via", "192.0.2.1")
        network(station, Network.UP)
        screen.wait(lambda _picture: not told(screen), what="the banner's end")

        visitor.begin()
        screen.wait(lambda _picture: not visitor.notice_gone(), what="the notice")
        visitor.tap_until("understood", visitor.notice_gone)
        assert not told(screen)
        station.inside("ip", "link", "set", "way0", "down")
        network(station, Network.DOWN)
        assert station.wait_state(State.ACTIVE).network is Network.DOWN
        # The word that is said once lies over the head for some seconds, not over the banner.
        screen.wait(lambda _picture: told(screen), what="the banner in the visit")
        wait_until(lambda: opens(station, screen), 20, "the site")
        wait_until(lambda: front(station) in (PageState.OFFLINE, PageState.DOWN), 20, "our page for a failed site")
        visitor.tap_until("bar_home", lambda: station.desk().active is None)
        screen.wait(lambda _picture: told(screen), what="the banner again")
        station.inside("ip", "link", "set", "way0", "up")
        station.inside("ip", "route", "add", "default", "via", "192.0.2.1")
        network(station, Network.UP)
        screen.wait(lambda _picture: not told(screen), what="the banner's end in the visit")
    assert "the network is down" not in station.command("status").stdout
    station.inside("ip", "route", "del", "default")
    network(station, Network.DOWN)
    assert "the network is down" in station.command("status").stdout


def test_little_memory_is_said_before_the_visit_has_to_end() -> None:
    with RunningStation(
        name="net", first_uid=FIRST_UID, alone=True, tampered=("--set", "session.daemon:LOW_ROOM=2")
    ) as station:
        generation = station.begin()
        low = station.wait(lambda one: one.memory_low, 20, "little memory")
        assert low.state is State.ACTIVE
        with station.screen() as screen:
            visitor = Visitor(station, screen)
            screen.wait(lambda _picture: not visitor.notice_gone(), what="the notice")
            visitor.tap_until("understood", visitor.notice_gone)
            screen.wait(lambda _picture: told(screen), what="the banner")
        station.call("End")
        ready = station.wait_state(State.READY, 60, after=generation)
        assert not ready.memory_low
