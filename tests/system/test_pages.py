"""Pages that go wrong, pages beside pages, and documents: a visit by real input on a whole station.

MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kiosk import theme
from session.model import Component
from session.pages import DeskSnapshot, PageState
from tests.portal import Portal
from tests.station.fixtures import at_site
from tests.station.harness import RunningStation, StationError, wait_until
from tests.station.visitor import PORTAL, Visitor

FIRST_UID = 61_000
HOME = "Accueil" + PORTAL
FIRST_ROW, ROW_STEP = 290, 102
"""Of the list of pages, in pixels of a screen of 1280 by 800."""
ROW, CLOSE = 400, 1132
DOCUMENTS = -737
"""The bar's button for the documents, from the right, while there is no button for the pages."""
_steps = itertools.count(1)


@pytest.fixture(scope="module")
def station(portal: Portal) -> Iterator[RunningStation]:
    with RunningStation(
        name="pages", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port, down_port=portal.down_port
    ) as one:
        yield one


@pytest.fixture
def visitor(station: RunningStation, portal: Portal) -> Iterator[Visitor]:
    """One who has just opened the portal, on a station that is proved clean."""
    portal.reset()
    with at_site(station) as one:
        yield one


def picture(visitor: Visitor, name: str) -> None:
    directory = os.environ.get("MARCHEPIED_PICTURES")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        visitor.screen.settle(3).save(Path(directory, f"{next(_steps):02}-{name}.png"))


def follow(visitor: Visitor, links: int) -> None:
    """Follows the link that is so many further on than the one that has the focus; negative for back."""
    for _ in range(abs(links)):
        visitor.screen.key("Tab") if links > 0 else visitor.screen.key("Tab", "Shift_L")
    visitor.screen.key("Return")


def desk_until(
    station: RunningStation, holds: Callable[[DeskSnapshot], bool], what: str, seconds: float = 15
) -> DeskSnapshot:
    seen: list[DeskSnapshot] = []

    def look() -> bool:
        with contextlib.suppress(StationError):
            seen[:] = [station.desk()]
        return bool(seen) and holds(seen[0])

    wait_until(look, seconds, what)
    return seen[0]


def light(visitor: Visitor) -> bool:
    """Whether a full screen of ours is shown: it is light where the bar is dark."""
    return sum(visitor.screen.picture(4, 4, 1, 1).getpixel((0, 0))[:3]) > 600  # type: ignore[index]


def wait_light(visitor: Visitor, what: str) -> None:
    visitor.screen.wait(lambda _picture: light(visitor), what=what)
    visitor.screen.settle(2)


def wait_bar(visitor: Visitor) -> None:
    visitor.screen.wait(lambda _picture: not light(visitor), what="the bar")


def list_pages(visitor: Visitor) -> None:
    visitor.tap_until("bar_pages", lambda: light(visitor))
    visitor.screen.settle(2)


def tap_row(visitor: Visitor, row: int, x: int, holds: Callable[[], bool]) -> None:
    """Taps a row of the list of pages until it had its effect: a screen just shown takes no taps for a moment.

    Never more than the list: what has come in its place has the next tap.
    """
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if light(visitor):
            visitor.screen.tap(x, FIRST_ROW + row * ROW_STEP)
        with contextlib.suppress(TimeoutError):
            return wait_until(holds, 2, "its effect")
    raise TimeoutError(f"row {row} did nothing")


def bar_offers_documents(visitor: Visitor) -> bool:
    """The button's ground, beside its drawing, is lighter than the bar's."""
    x = visitor.screen.width + DOCUMENTS - 50
    red, green, blue = visitor.screen.picture(x, 48, 1, 1).getpixel((0, 0))[:3]  # type: ignore[index]
    return (red, green, blue) == tuple(round(part * 255) for part in theme.PALETTES[theme.Colours.CALM].raised[:3])


def test_what_cannot_be_shown_is_explained_and_the_bar_leads_back(station: RunningStation, visitor: Visitor) -> None:
    picture(visitor, "accueil")
    troubles = (
        (15, PageState.DOWN, "Le site ne répond pas"),
        (1, PageState.CERTIFICATE, "Ce site n’est pas sûr"),
    )
    for links, state, title in troubles:
        follow(visitor, links)
        visitor.wait_title(title)
        page = desk_until(station, lambda one, state=state: one.pages[0].state is state, str(state)).pages[0]  # type: ignore[misc]
        assert (page.title, page.site, page.secure) == ("", "", False)
        picture(visitor, state)
        visitor.tap("bar_back")
        visitor.wait_page(HOME)
        desk_until(station, lambda one: one.pages[0].state is PageState.OPEN, "the page as it was")
    follow(visitor, -2)
    visitor.wait_page("Adresses interdites")
    follow(visitor, 0)
    visitor.wait_title("Cette page n’est pas ouverte ici")
    desk_until(station, lambda one: one.pages[0].state is PageState.BLOCKED, "blocked")
    picture(visitor, "blocked")
    visitor.tap("bar_back")
    visitor.wait_page("Adresses interdites")
    visitor.tap("bar_back")
    visitor.wait_page(HOME)
    picture(visitor, "retour")


def renderers(station: RunningStation) -> list[psutil.Process]:
    """The processes that draw sites (not those of our own pages)."""
    found = []
    for process in station.processes(Component.BROWSER):
        with contextlib.suppress(psutil.NoSuchProcess):
            words = process.cmdline()
            if "--type=renderer" in words and "--extension-process" not in words:
                found.append(process)
    return found


def test_a_page_that_crashed_is_loaded_again(station: RunningStation, portal: Portal, visitor: Visitor) -> None:
    visited = portal.journal.hits["portail.localhost/"]
    victims = renderers(station)
    assert victims
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
    desk_until(station, lambda one: one.pages[0].state is PageState.CRASHED, "crashed")
    wait_light(visitor, "the screen that tells of it")
    picture(visitor, "page-arretee")
    visitor.tap_until("reload", lambda: portal.journal.hits["portail.localhost/"] > visited)
    wait_bar(visitor)
    visitor.wait_page(HOME)
    now = desk_until(station, lambda one: [page.state for page in one.pages] == [PageState.OPEN], "one page")
    assert now.active == now.pages[0].id
    picture(visitor, "page-rechargee")


def hang(station: RunningStation, visitor: Visitor) -> str:
    """Stops what draws the page; the browser tells of it 15 s after a key that the page does not take. Its id.

    Which process draws it nobody tells: the one that has worked most is tried first. Another one is in reserve, and the
    browser may have changed to it.
    """
    for process in sorted(renderers(station), key=lambda one: -one.cpu_times().user):
        process.send_signal(signal.SIGSTOP)
        visitor.screen.key("Down")
        with contextlib.suppress(TimeoutError):
            now = desk_until(station, lambda one: one.pages[0].state is PageState.HUNG, "a page that hangs", 25)
            wait_light(visitor, "the screen that tells of it")
            return now.pages[0].id
        process.send_signal(signal.SIGCONT)
    raise TimeoutError("no page hangs")


def go_on(station: RunningStation) -> None:
    for process in renderers(station):
        process.send_signal(signal.SIGCONT)


def test_a_page_that_hangs_is_the_visitors_to_decide(station: RunningStation, visitor: Visitor) -> None:
    page = hang(station, visitor)
    picture(visitor, "page-bloquee")
    visitor.tap_until("hung_wait", lambda: station.desk().pages[0].state is PageState.OPEN)
    wait_bar(visitor)
    go_on(station)
    visitor.screen.key("Return")
    visitor.wait_page("Connexion")
    assert hang(station, visitor) == page
    visitor.tap_until("hung_again", lambda: page not in {one.id for one in station.desk().pages})
    wait_bar(visitor)
    visitor.wait_page("Connexion")
    desk_until(station, lambda one: [page.state for page in one.pages] == [PageState.OPEN], "one page")


def test_pages_beside_pages_are_listed_shown_and_closed(station: RunningStation, visitor: Visitor) -> None:
    follow(visitor, 7)
    visitor.wait_page("Onglets et fenêtres")
    follow(visitor, 0)
    visitor.wait_page("Marque nouvel-onglet")
    desk_until(station, lambda one: len(one.pages) == 2, "two pages")
    list_pages(visitor)
    picture(visitor, "deux-pages")

    tap_row(visitor, 0, ROW, lambda: any("Onglets et fenêtres" in title for title in visitor.titles()))
    wait_bar(visitor)
    picture(visitor, "premiere-page")
    list_pages(visitor)
    tap_row(visitor, 1, CLOSE, lambda: len(station.desk().pages) == 1)
    picture(visitor, "une-page")
    tap_row(visitor, 0, CLOSE, lambda: not station.desk().pages)
    wait_light(visitor, "home")
    assert station.desk().active is None
    picture(visitor, "plus-de-page")

    # And from there one starts anew.
    visitor.tap_until("site_0", lambda: bool(station.desk().pages))
    wait_bar(visitor)


def test_the_window_of_a_log_in_is_listed_and_closed(station: RunningStation, visitor: Visitor) -> None:
    follow(visitor, 5)
    visitor.wait_page("Connexion par fenêtre")
    follow(visitor, 0)
    visitor.wait_page("Identification - Clé des Rivières")
    now = desk_until(station, lambda one: len(one.pages) == 2, "the window in the list")
    assert [page.popup for page in now.pages] == [False, True]
    picture(visitor, "fenetre")
    list_pages(visitor)
    picture(visitor, "fenetre-listee")
    first, second = (page.id for page in now.pages)
    tap_row(visitor, 0, ROW, lambda: station.desk().active == first)
    wait_bar(visitor)
    wait_until(lambda: "Fenêtre ouverte" in visitor.titles()[-1], 5, "the page in front of the window")
    picture(visitor, "derriere-la-fenetre")
    list_pages(visitor)
    tap_row(visitor, 1, ROW, lambda: station.desk().active == second)
    wait_bar(visitor)
    wait_until(lambda: "Identification" in visitor.titles()[-1], 5, "the window in front again")
    visitor.screen.settle(3)
    picture(visitor, "fenetre-montree")
    visitor.screen.type("jeanne")
    visitor.screen.key("Tab")
    visitor.screen.type("secret")
    visitor.screen.key("Return")
    visitor.wait_title("Mon espace" + PORTAL)
    now = desk_until(station, lambda one: len(one.pages) == 1, "the window's end")
    assert now.active == first
    picture(visitor, "connecte")


def test_a_download_is_kept_without_a_question(station: RunningStation, portal: Portal, visitor: Visitor) -> None:
    follow(visitor, 4)
    visitor.wait_page("Téléchargements")
    windows = len(visitor.titles())
    assert not bar_offers_documents(visitor)
    visitor.screen.type("Jeanne")
    visitor.screen.key("Return")
    now = desk_until(station, lambda one: any(document.complete for document in one.documents), "the document")
    assert [document.name for document in now.documents] == ["attestation.pdf"]
    assert now.documents[0].size == portal.journal.downloads[0].size
    visitor.screen.wait(lambda _picture: bar_offers_documents(visitor), what="the bar's button")
    assert len(visitor.titles()) == windows, "a window asks something"
    assert len(now.pages) == 1
    picture(visitor, "document-arrive")
    x = visitor.screen.width + DOCUMENTS
    visitor.screen.tap(x, 48)
    wait_light(visitor, "the list of documents")
    picture(visitor, "documents")
    visitor.tap_until("back", lambda: not light(visitor))
