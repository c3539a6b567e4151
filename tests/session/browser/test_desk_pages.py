"""The desk and the tracker on a real browser and the demonstration portal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from session import rpc
from session.pages import DeskSnapshot, Page, PageState
from tests.portal import Portal
from tests.session.browser.conftest import Visitor, needs_browser
from tests.session.browser.harness import USERS, Screen

pytestmark = needs_browser


def front(snapshot: DeskSnapshot) -> Page | None:
    return next((page for page in snapshot.pages if page.id == snapshot.active), None)


def shows(title: str) -> Callable[[DeskSnapshot], bool]:
    def look(snapshot: DeskSnapshot) -> bool:
        page = front(snapshot)
        return page is not None and title in page.title

    return look


def is_in(state: PageState) -> Callable[[DeskSnapshot], bool]:
    return lambda snapshot: (page := front(snapshot)) is not None and page.state is state


async def test_open_home_show_close(visitor: Visitor) -> None:
    await visitor.call("Open", site="portail")
    first = front(await visitor.sees(shows("Accueil")))
    assert first is not None
    assert (first.site, first.secure, first.popup) == ("Portail d'essai", False, False)
    await visitor.call("Open", site="fenetres")
    second = front(await visitor.sees(lambda s: s.active not in (None, first.id) and shows("Onglets")(s)))
    assert second is not None
    await visitor.call("Home")
    seen = await visitor.sees(lambda s: s.active is None)
    assert [page.id for page in seen.pages] == [first.id, second.id]
    await visitor.call("Show", page=first.id)
    await visitor.sees(shows("Accueil"))
    await visitor.call("Close", page=first.id)
    seen = await visitor.sees(lambda s: s.active == second.id)
    assert [page.id for page in seen.pages] == [second.id]
    await visitor.call("Close", page=second.id)
    await visitor.sees(lambda s: s.active is None and not s.pages)


async def test_unknown_ids_are_refused(visitor: Visitor) -> None:
    for name, parameters, code in (
        ("Open", {"site": "http://example.org/"}, "no_site"),
        ("Show", {"page": "x"}, "no_page"),
        ("Close", {"page": "x"}, "no_page"),
        ("Retry", {"page": "x"}, "no_page"),
    ):
        with pytest.raises(rpc.Refused) as refused:
            await visitor.call(name, **parameters)
        assert refused.value.code == code


async def test_a_new_tab_comes_forward_and_gives_way_to_its_opener(visitor: Visitor, screen: Screen) -> None:
    await visitor.call("Open", site="fenetres")
    opener = front(await visitor.sees(shows("Onglets")))
    assert opener is not None
    came = await visitor.by_key(screen, "Return", lambda s: len(s.pages) == 2, "a second page")
    assert came.active is not None
    seen = await visitor.sees(lambda s: s.active not in (None, opener.id), "in front")
    new = front(seen)
    assert new is not None
    assert not new.popup
    await visitor.call("Close", page=new.id)
    await visitor.sees(lambda s: s.active == opener.id)


async def test_a_site_that_is_off_is_down_and_can_be_tried_again(visitor: Visitor) -> None:
    await visitor.call("Open", site="eteint")
    page = front(await visitor.sees(is_in(PageState.DOWN)))
    assert page is not None
    assert (page.title, page.site, page.secure) == ("", "", False)
    await visitor.call("Retry", page=page.id)
    seen = await visitor.sees(lambda s: s.active not in (None, page.id) and is_in(PageState.DOWN)(s), "tried again")
    assert len(seen.pages) == 1


async def test_a_certificate_that_proves_nothing(visitor: Visitor) -> None:
    await visitor.call("Open", site="chiffre")
    await visitor.sees(is_in(PageState.CERTIFICATE))


async def test_a_download_becomes_a_document_that_the_desk_may_delete(visitor: Visitor, screen: Screen) -> None:
    await visitor.call("Open", site="fichiers")
    await visitor.sees(shows("Télécharg"))
    seen = await visitor.by_key(screen, "Return", lambda s: any(one.complete for one in s.documents), "a document")
    assert seen.documents[0].size > 0
    await visitor.sees(lambda s: s.downloading == 0)
    (path,) = screen.tree.documents.iterdir()
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (USERS.visitor, USERS.screen, 0o660)
    screen.x("/usr/bin/rm", f"/home/documents/{path.name}")
    await visitor.sees(lambda s: s.documents == (), "an empty shelf")


async def test_a_second_download_of_the_same_name_takes_no_other_away(visitor: Visitor, screen: Screen) -> None:
    for count in (1, 2):
        await visitor.call("Open", site="fichiers")
        await visitor.sees(shows("Télécharg"))
        await visitor.by_key(
            screen, "Return", lambda s, n=count: sum(one.complete for one in s.documents) == n, "one more document"
        )
        await visitor.sees(lambda s: s.downloading == 0)
    assert sorted(path.name for path in screen.tree.documents.iterdir()) == ["attestation (2).pdf", "attestation.pdf"]
    assert {one.name for one in visitor.snapshot.documents} == {"attestation (2).pdf", "attestation.pdf"}
    screen.x("/usr/bin/rm", *(f"/home/documents/{path.name}" for path in screen.tree.documents.iterdir()))
    await visitor.sees(lambda s: s.documents == (), "an empty shelf")


async def test_nothing_of_a_page_is_logged(visitor: Visitor, screen: Screen, portal: Portal) -> None:
    await visitor.call("Open", site="portail")
    await visitor.sees(shows("Accueil"))
    said = (screen.root / "desk.log").read_text("utf-8")
    assert said == "", said
    assert not any(Path(screen.tree.home(name), "log").exists() for name in ("desk", "ui"))
