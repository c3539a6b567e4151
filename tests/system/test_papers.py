"""My documents and the picker, by real input on a whole station: what a site gets is what was tapped, and nothing else.

MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from session.environment.tree import Tree
from session.model import Component
from session.pages import BrowserState
from session.papers import Label, Papers, Unfit
from tests.portal import Portal
from tests.station.fixtures import at_site
from tests.station.harness import RunningStation, StationError, wait_until
from tests.station.visitor import AGAIN_SECONDS, Visitor
from tests.system.test_kill import kill
from tests.system.test_pages import follow, light, picture, wait_bar, wait_light

FIRST_UID = 61_020
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 100
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(255, -1, -1)) * 100
TILES = ((183, 400), (487, 400), (791, 400), (1095, 400))
"""Of the picker and of the shelf, in pixels of a screen of 1280 by 800."""
MAIN, BACK = (1000, 722), (150, 722)
DROP, NO_DROP, YES_DROP, NAME, ADDRESS = (1080, 505), (250, 722), (1000, 722), (700, 300), (1080, 300)
DOCUMENTS = (1280 - 737, 48)
"""The bar's button, while there is no button for the pages."""
MORE = """
[[sites]]
id = "pdf"
title = "Des PDF seulement"
url = "http://portail.localhost:{port}/pieces?accepte=pdf&plusieurs=1"
"""


@pytest.fixture(scope="module")
def station(portal: Portal) -> Iterator[RunningStation]:
    more = MORE.format(port=portal.port)
    with RunningStation(
        name="papers", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port, more=more
    ) as one:
        yield one


@pytest.fixture(scope="module")
def visit(station: RunningStation) -> Iterator[Visitor]:
    """One visit for all: its notice is read, and the portal was opened once."""
    with at_site(station) as one:
        yield one


@pytest.fixture
def visitor(station: RunningStation, portal: Portal, visit: Visitor) -> Visitor:
    """Without any document or page."""
    now = station.status()
    assert now is not None
    for path in Tree(station.place.tree(now.generation)).documents.iterdir():
        path.unlink()
    for page in station.desk().pages:
        station.ask_desk("Close", page=page.id)
    papers_until(station, lambda one: one.documents == (), "no document")
    wait_light(visit, "what for?")
    portal.reset()
    return visit


def open_site(station: RunningStation, visitor: Visitor, site: int) -> None:
    visitor.tap_until(f"site_{site}", lambda: len(station.desk().pages) > 0)
    wait_bar(visitor)


def papers_until(station: RunningStation, holds: Callable[[Papers], object], what: str, seconds: float = 15) -> Papers:
    seen: list[Papers] = []

    def look() -> bool:
        with contextlib.suppress(StationError):
            seen[:] = [station.papers()]
        return bool(seen) and bool(holds(seen[0]))

    wait_until(look, seconds, what)
    return seen[0]


def lay(station: RunningStation, **files: bytes) -> dict[str, str]:
    """Puts documents where the browser's downloads are; their ids by their names, in which "_" stands for a dot."""
    now = station.status()
    assert now is not None
    directory, users = Tree(station.place.tree(now.generation)).documents, station.place.users
    for number, (name, content) in enumerate(files.items()):
        path = directory / name
        path.write_bytes(content)
        os.chown(path, users.visitor, users.screen)
        path.chmod(0o660)
        os.utime(path, (number, number))
        path.rename(directory / name.replace("_", "."))
    seen = papers_until(station, lambda one: len(one.documents or ()) == len(files), "the documents")
    return {one.name: one.id for one in seen.documents or ()}


def tap_until(visitor: Visitor, place: tuple[int, int], holds: Callable[[], bool], what: str) -> None:
    """As `Visitor.tap_until`, at a point."""
    for _ in range(10):
        visitor.screen.tap(*place)
        with contextlib.suppress(TimeoutError):
            return wait_until(holds, AGAIN_SECONDS, what)
    raise TimeoutError(what)


def ask(station: RunningStation, visitor: Visitor) -> Papers:
    """Has the page ask for a file: its field has the focus. No dialog of GTK is ever mapped."""
    visitor.wait_page("Envoyer une pièce")
    before = station.papers().picker
    for _ in range(5):
        visitor.screen.key("space")
        with contextlib.suppress(TimeoutError):
            seen = papers_until(station, lambda one: one.picker not in (None, before), "a picker", 3)
            break
    else:
        raise TimeoutError(f"nothing is asked; {visitor.titles()}")
    wait_light(visitor, "the picker")
    assert not [title for title in visitor.titles() if "Ouvrir" in title]
    return seen


def answered(station: RunningStation, visitor: Visitor) -> Papers:
    seen = papers_until(station, lambda one: one.picker is None, "the end of the picker")
    wait_bar(visitor)
    visitor.screen.settle(3)
    return seen


def submit(visitor: Visitor) -> None:
    """The form's button follows its field."""
    visitor.screen.key("Tab")
    visitor.screen.key("Return")
    visitor.wait_title("Pièce reçue")


def test_a_site_gets_the_document_that_is_tapped(station: RunningStation, portal: Portal, visitor: Visitor) -> None:
    open_site(station, visitor, 0)
    visitor.wait_page("Accueil")
    ids = lay(station, photo_jpg=PHOTO, avis_pdf=PDF)
    follow(visitor, 2)
    papers = ask(station, visitor)
    assert papers.picker is not None
    assert {one.unfit for one in papers.picker.choices} == {None}
    picture(visitor, "choisir")
    # The newest is the first.
    tap_until(visitor, TILES[0], lambda: green(visitor), "the document chosen")
    picture(visitor, "choisi")
    tap_until(visitor, MAIN, lambda: station.papers().picker is None, "the document sent")
    seen = answered(station, visitor)
    assert [one.id for one in seen.documents or () if one.used] == [ids["avis.pdf"]]
    picture(visitor, "envoye")
    submit(visitor)
    assert [(one.name, one.data == PDF) for one in portal.journal.uploads] == [("avis.pdf", True)]


def green(visitor: Visitor) -> bool:
    """Whether there is something to be sent: the main action is at the foot."""
    red, green, blue = visitor.screen.picture(*MAIN, 1, 1).getpixel((0, 0))[:3]  # type: ignore[index]
    return bool(red < 120 and green < 160 and blue < 160)


def test_a_download_is_named_and_sent(station: RunningStation, portal: Portal, visitor: Visitor) -> None:
    open_site(station, visitor, 0)
    visitor.wait_page("Accueil")
    follow(visitor, 4)
    visitor.wait_page("Téléchargements")
    visitor.screen.type("Jeanne")
    visitor.screen.key("Return")
    seen = papers_until(station, lambda one: any(paper.complete for paper in one.documents or ()), "the document")
    (paper,) = seen.documents or ()
    assert (paper.name, paper.size, paper.used) == ("attestation.pdf", portal.journal.downloads[0].size, False)
    visitor.screen.settle(3)
    tap_until(visitor, DOCUMENTS, lambda: light(visitor), "the shelf")
    picture(visitor, "documents")
    leave_for(visitor, TILES[0], "the document")
    picture(visitor, "document")
    leave_for(visitor, NAME, "the names")
    picture(visitor, "noms")
    tap_until(visitor, ADDRESS, lambda: bool(labels(station)), "a name")
    assert labels(station) == [Label.ADDRESS]
    picture(visitor, "nomme")
    leave_for(visitor, BACK, "the shelf again")
    tap_until(visitor, BACK, lambda: not light(visitor), "the bar")
    visitor.tap_until("bar_home", lambda: light(visitor))
    visitor.tap_until("site_1", lambda: len(station.desk().pages) == 2)
    wait_bar(visitor)
    ask(station, visitor)
    picture(visitor, "choisir-nomme")
    tap_until(visitor, TILES[0], lambda: green(visitor), "the document chosen")
    tap_until(visitor, MAIN, lambda: station.papers().picker is None, "the document sent")
    answered(station, visitor)
    submit(visitor)
    (upload,) = portal.journal.uploads
    assert (upload.name, upload.size) == ("Justificatif d'adresse.pdf", paper.size)
    assert upload.data.startswith(b"%PDF-")
    visitor.tap_until("bar_finished", lambda: light(visitor))
    picture(visitor, "fini")
    visitor.tap_until("no", lambda: not light(visitor))


def labels(station: RunningStation) -> list[Label]:
    return [one.label for one in station.papers().documents or () if one.label is not None]


def leave_for(visitor: Visitor, place: tuple[int, int], what: str) -> None:
    """Taps until another screen is there."""
    before = visitor.screen.settle(2).tobytes()
    tap_until(visitor, place, lambda: visitor.screen.picture().tobytes() != before, what)
    visitor.screen.settle(3)


def test_only_what_the_site_takes_can_go_and_several_at_once(
    station: RunningStation, portal: Portal, visitor: Visitor
) -> None:
    open_site(station, visitor, 1)
    ids = lay(station, photo_jpg=PHOTO, un_pdf=PDF, deux_pdf=PDF + b"2")
    papers = ask(station, visitor)
    assert papers.picker is not None
    assert (papers.picker.several, papers.picker.kinds) == (True, ("PDF",))
    assert {one.document: one.unfit for one in papers.picker.choices} == {
        ids["photo.jpg"]: Unfit.KIND,
        ids["un.pdf"]: None,
        ids["deux.pdf"]: None,
    }
    picture(visitor, "plusieurs")
    visitor.screen.tap(*TILES[2])  # what cannot go is the last, and takes no tap
    tap_until(visitor, TILES[0], lambda: green(visitor), "the first")
    leave_for(visitor, TILES[1], "the second")
    picture(visitor, "deux-choisis")
    tap_until(visitor, MAIN, lambda: station.papers().picker is None, "both sent")
    seen = answered(station, visitor)
    assert {one.id for one in seen.documents or () if one.used} == {ids["un.pdf"], ids["deux.pdf"]}
    submit(visitor)
    sent = {one.name: one.data for one in portal.journal.uploads}
    assert sent == {"un.pdf": PDF, "deux.pdf": PDF + b"2"}


def test_nothing_is_sent_or_deleted_unless_it_was_meant(station: RunningStation, visitor: Visitor) -> None:
    open_site(station, visitor, 1)
    lay(station, un_pdf=PDF, deux_pdf=PDF)
    for _ in range(2):
        ask(station, visitor)
        tap_until(visitor, BACK, lambda: station.papers().picker is None, "nothing sent")
        seen = answered(station, visitor)
        assert not any(one.used for one in seen.documents or ())
    tap_until(visitor, DOCUMENTS, lambda: light(visitor), "the shelf")
    leave_for(visitor, TILES[0], "a document")
    leave_for(visitor, DROP, "the question")
    picture(visitor, "supprimer")
    leave_for(visitor, NO_DROP, "the document again")
    assert len(station.papers().documents or ()) == 2
    leave_for(visitor, DROP, "the question again")
    tap_until(visitor, YES_DROP, lambda: len(station.papers().documents or ()) == 1, "the document deleted")
    (left,) = station.papers().documents or ()
    assert left.name == "un.pdf"
    visitor.screen.settle(3)
    picture(visitor, "supprime")
    tap_until(visitor, BACK, lambda: not light(visitor), "the bar")


@pytest.mark.parametrize("component", [Component.BROWSER, Component.UI])  # new screens show the notice once more
def test_what_dies_while_a_site_asks_is_there_again(
    station: RunningStation, portal: Portal, visitor: Visitor, component: Component
) -> None:
    """The screens ask once more what was asked; a browser that is new asks for nothing, and can ask again."""
    open_site(station, visitor, 1)
    lay(station, un_pdf=PDF)
    asked = ask(station, visitor).picker
    assert asked is not None
    old = {one.pid for one in station.processes(component)}
    kill(station, component, "program")
    wait_until(lambda: bool({one.pid for one in station.processes(component)} - old), 20, f"a new {component}")
    if component is Component.BROWSER:
        papers_until(station, lambda one: one.picker is None, "nothing asked")
        wait_until(lambda: station.desk().browser is BrowserState.RUNNING, 20, "the browser")
        wait_bar(visitor)
        asked = ask(station, visitor).picker
    visitor.screen.wait(lambda _picture: light(visitor), 20, "the picker")
    assert station.papers().picker == asked
    tap_until(visitor, TILES[0], lambda: green(visitor), "the document chosen")
    tap_until(visitor, MAIN, lambda: station.papers().picker is None, "the document sent")
    answered(station, visitor)
    submit(visitor)
    assert [one.data == PDF for one in portal.journal.uploads] == [True]
