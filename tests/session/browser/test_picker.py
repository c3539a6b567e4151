"""A site asks for a file: the desk between the real Chromium and the visitor, on the demonstration portal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.auth import AuthExternal

from session import rpc
from session.browser.filechooser import MAX_ASKED
from session.pages import Settings
from session.papers import Label, Papers, Unfit
from tests.portal import Portal
from tests.session.browser.conftest import Daemon, Visitor, client_of, needs_browser
from tests.session.browser.harness import PATIENCE, USERS, Browser, DeskProcess, Screen, descendants
from tests.session.browser.test_desk_pages import shows

pytestmark = needs_browser

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 1000
JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 1000
CHOOSER = "org.freedesktop.portal.FileChooser"
PATH = "/org/freedesktop/portal/desktop"


class Reader:
    """Follows the papers."""

    def __init__(self, watching: rpc.Client) -> None:
        self._watching = watching
        self.papers = Papers()
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for papers in self._watching.stream("WatchPapers", Papers):
            async with self._news:
                self.papers = papers
                self._news.notify_all()

    async def sees(self, holds: Callable[[Papers], object], what: str, seconds: float = PATIENCE) -> Papers:
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: holds(self.papers))
        except TimeoutError:
            raise AssertionError(f"{what}: the last was {self.papers}") from None
        return self.papers

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._watching.close()


@pytest.fixture
async def reader(desk: DeskProcess, visitor: Visitor) -> AsyncIterator[Reader]:
    one = Reader(await client_of(desk))
    yield one
    await one.close()


@pytest.fixture(autouse=True)
def _no_documents(screen: Screen) -> Iterator[None]:
    yield
    for path in screen.tree.documents.iterdir():
        path.unlink()


def lay(screen: Screen, **files: bytes) -> None:
    """Puts documents where the browser would, under names whose dots are written as "_"."""
    for name, content in files.items():
        path = screen.tree.documents / name.replace("_", ".")
        path.write_bytes(content)
        os.chown(path, USERS.visitor, USERS.screen)
        path.chmod(0o660)


def ids(papers: Papers) -> dict[str, str]:
    return {one.name: one.id for one in papers.documents or ()}


@pytest.fixture
async def documents(screen: Screen, reader: Reader, visitor: Visitor) -> dict[str, str]:
    """Three documents; their ids by their names."""
    lay(screen, avis_pdf=PDF, photo_JPG=JPEG, video_pdf_crdownload=b"x")
    await visitor.call("Open", site="portail")  # which makes the desk look
    return ids(await reader.sees(lambda one: len(one.documents or ()) == 3, "the documents"))


def dialogs(screen: Screen) -> list[str]:
    """GTK's file dialogs."""
    return [line for line in screen.windows() if "Ouvrir" in line or "Enregistrer" in line]


async def asked_by(visitor: Visitor, reader: Reader, screen: Screen, site: str) -> Papers:
    """Opens a page that asks for a file, and has it ask: its field has the focus."""
    before_pages = {page.id for page in visitor.snapshot.pages}
    await visitor.call("Open", site=site)
    await visitor.sees(lambda s: shows("Envoyer une pièce")(s) and s.active not in before_pages)
    before = reader.papers.picker
    for _ in range(5):
        await asyncio.to_thread(screen.key, "space")
        with contextlib.suppress(AssertionError):
            return await reader.sees(lambda one: one.picker not in (None, before), "a picker", PATIENCE / 5)
        assert not dialogs(screen)
    raise AssertionError(f"nothing is asked; {screen.windows()}")


async def send(desk: DeskProcess, picker: str, *sent: tuple[str, str]) -> None:
    client = await client_of(desk)
    try:
        documents = [{"document": document, "name": name} for document, name in sent]
        await client.call("Send", dict, picker=picker, documents=documents)
    finally:
        await client.close()


async def submitted(screen: Screen, visitor: Visitor, title: str = "Pièce reçue") -> None:
    """Sends the form: its button follows its field."""
    for _ in range(5):
        await asyncio.to_thread(screen.key, "Tab", "Return")
        with contextlib.suppress(AssertionError):
            await visitor.sees(shows(title), title, PATIENCE / 5)
            return
    raise AssertionError(f"the form was not sent: {visitor.snapshot}")


async def test_exactly_what_was_chosen_arrives(
    visitor: Visitor, reader: Reader, desk: DeskProcess, screen: Screen, portal: Portal, documents: dict[str, str]
) -> None:
    await visitor.call("Name", document=documents["avis.pdf"], label=Label.TAX)
    papers = await asked_by(visitor, reader, screen, "pieces")
    assert papers.picker is not None
    assert (papers.picker.site, papers.picker.several, papers.picker.kinds) == ("Pièces", False, ())
    unfit = {one.document: one.unfit for one in papers.picker.choices}
    assert unfit[documents["avis.pdf"]] is unfit[documents["photo.JPG"]] is None
    assert unfit[documents["video.pdf"]] is Unfit.ARRIVING
    assert [one.label for one in papers.documents or () if one.id == documents["avis.pdf"]] == [Label.TAX]
    portal.reset()
    await send(desk, papers.picker.id, (documents["avis.pdf"], "Avis d'imposition"))
    seen = await reader.sees(lambda one: one.picker is None, "no picker")
    assert {one.id for one in seen.documents or () if one.used} == {documents["avis.pdf"]}
    await submitted(screen, visitor)
    (upload,) = portal.journal.uploads
    assert (upload.name, upload.data == PDF) == ("Avis d'imposition.pdf", True)
    assert not dialogs(screen)


async def test_nothing_is_sent_and_the_site_may_ask_again(
    visitor: Visitor, reader: Reader, desk: DeskProcess, screen: Screen, documents: dict[str, str]
) -> None:
    papers = await asked_by(visitor, reader, screen, "pieces")
    assert papers.picker is not None
    await send(desk, papers.picker.id)
    await reader.sees(lambda one: one.picker is None, "no picker")
    with pytest.raises(rpc.Refused, match="no_picker"):
        await send(desk, papers.picker.id, (documents["avis.pdf"], "x"))
    await asyncio.to_thread(screen.key, "space")
    await reader.sees(lambda one: one.picker is not None, "a picker again")
    assert not any(one.used for one in reader.papers.documents or ())


async def test_what_the_site_does_not_take_cannot_go(
    visitor: Visitor, reader: Reader, desk: DeskProcess, screen: Screen, documents: dict[str, str]
) -> None:
    papers = await asked_by(visitor, reader, screen, "photo")
    assert papers.picker is not None
    assert papers.picker.kinds[:2] == ("JPG", "PNG")
    unfit = {one.document: one.unfit for one in papers.picker.choices}
    assert (unfit[documents["avis.pdf"]], unfit[documents["photo.JPG"]]) == (Unfit.KIND, None)
    for document in (documents["avis.pdf"], documents["video.pdf"], "0-0"):
        with pytest.raises(rpc.Refused, match="no_document"):
            await send(desk, papers.picker.id, (document, "x"))
    assert not list(screen.tree.given.glob("*/*"))
    with pytest.raises(rpc.Refused, match="no_document"):
        await send(desk, papers.picker.id, (documents["photo.JPG"], "x"), (documents["photo.JPG"], "x"))
    await send(desk, papers.picker.id, (documents["photo.JPG"], "Photo"))
    await reader.sees(lambda one: one.picker is None, "no picker")
    assert [path.name for path in screen.tree.given.glob("*/*")] == ["Photo.jpg"]


async def test_several_go_at_once_and_go_with_their_page(
    visitor: Visitor, reader: Reader, desk: DeskProcess, screen: Screen, portal: Portal, documents: dict[str, str]
) -> None:
    lay(screen, autre=PDF + b"2")
    papers = await asked_by(visitor, reader, screen, "plusieurs")
    assert papers.picker is not None
    assert (papers.picker.several, papers.picker.kinds) == (True, ("PDF",))
    second = next(one.id for one in papers.documents or () if one.name == "autre")
    portal.reset()
    await send(desk, papers.picker.id, (documents["avis.pdf"], "Lettre"), (second, "Lettre"))
    await reader.sees(lambda one: one.picker is None, "no picker")
    await submitted(screen, visitor)
    assert [(one.name, one.data[-1:]) for one in portal.journal.uploads] == [
        ("Lettre.pdf", PDF[-1:]),
        ("Lettre (2).pdf", b"2"),
    ]
    page = visitor.snapshot.active
    assert page is not None
    await visitor.call("Close", page=page)
    await visitor.sees(lambda s: page not in {one.id for one in s.pages}, "the page closed")
    assert not list(screen.tree.given.glob("*/*"))


async def test_a_folder_is_refused_kindly(visitor: Visitor, reader: Reader, screen: Screen) -> None:
    await visitor.call("Open", site="dossier")
    await visitor.sees(shows("Envoyer une pièce"))
    for _ in range(5):
        await asyncio.to_thread(screen.key, "space")
        with contextlib.suppress(AssertionError):
            await reader.sees(lambda one: one.folders > 0, "a folder that was asked for", PATIENCE / 5)
            break
    assert reader.papers.folders > 0
    assert reader.papers.picker is None
    assert not dialogs(screen)


async def test_a_page_that_closes_asks_no_more(
    visitor: Visitor, reader: Reader, screen: Screen, documents: dict[str, str]
) -> None:
    first = (await asked_by(visitor, reader, screen, "pieces")).picker
    page = visitor.snapshot.active
    assert first is not None
    assert page is not None
    await visitor.call("Close", page=page)
    await visitor.sees(lambda s: page not in {one.id for one in s.pages}, "the page closed")
    await reader.sees(lambda one: one.picker is None, "no picker")


async def test_another_desk_goes_on_with_what_was_asked(
    screen: Screen, portal: Portal, daemon: Daemon, browser: Browser
) -> None:
    lay(screen, bail_pdf=PDF)
    with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as first:
        first.give(browser)
        visitor, reader = await Visitor.connect(first), Reader(await client_of(first))
        async with asyncio.timeout(PATIENCE):
            await daemon.told.wait()
        asked = (await asked_by(visitor, reader, screen, "pieces")).picker
        assert asked is not None
        document = ids(reader.papers)["bail.pdf"]
        await visitor.call("Name", document=document, label=Label.RENT)
        await reader.close()
        await visitor.close()
    with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as second:
        second.give(browser)
        visitor, reader = await Visitor.connect(second), Reader(await client_of(second))
        papers = await reader.sees(lambda one: one.picker is not None, "the same picker")
        assert papers.picker is not None
        assert papers.picker.id == asked.id
        assert [one.label for one in papers.documents or ()] == [Label.RENT]
        await visitor.sees(lambda s: s.pages, "the page")
        portal.reset()
        await send(second, asked.id, (document, "Quittance de loyer"))
        await reader.sees(lambda one: one.picker is None, "no picker")
        await visitor.call("Show", page=visitor.snapshot.pages[0].id)
        await submitted(screen, visitor)
        assert [(one.name, one.data == PDF) for one in portal.journal.uploads] == [("Quittance de loyer.pdf", True)]
        for page in visitor.snapshot.pages:
            await visitor.call("Close", page=page.id)
        await visitor.sees(lambda s: not s.pages, "all pages closed")
        await reader.close()
        await visitor.close()


async def test_a_page_that_is_left_asks_no_more(
    visitor: Visitor, reader: Reader, screen: Screen, documents: dict[str, str]
) -> None:
    """Chromium itself takes back what a page asked that is in front no more; there again, it can ask again."""
    first = (await asked_by(visitor, reader, screen, "pieces")).picker
    page = visitor.snapshot.active
    assert first is not None
    assert page is not None
    await visitor.call("Open", site="portail")
    await visitor.sees(shows("Accueil"))
    await reader.sees(lambda one: one.picker is None, "no picker")
    await visitor.call("Show", page=page)
    await visitor.sees(lambda s: s.active == page)
    for _ in range(5):
        await asyncio.to_thread(screen.key, "space")
        with contextlib.suppress(AssertionError):
            await reader.sees(lambda one: one.picker is not None, "a picker", PATIENCE / 5)
            break
    assert reader.papers.picker is not None
    assert reader.papers.picker.id != first.id


async def test_a_browser_that_was_taken_over_asks_a_thousand_times(
    visitor: Visitor, reader: Reader, desk: DeskProcess, screen: Screen, documents: dict[str, str]
) -> None:
    """Whatever the visitor's user says on the bus: a few are kept, the desk lives, the page's own picker comes."""
    await asked_by(visitor, reader, screen, "pieces")
    os.seteuid(USERS.visitor)
    try:
        address = f"unix:path={screen.tree.bus}/socket"
        bus = await MessageBus(address, BusType.SESSION, AuthExternal(USERS.visitor)).connect()
    finally:
        os.seteuid(0)
    cancelled: list[str] = []
    bus.add_message_handler(
        lambda one: cancelled.append(str(one.path)) if one.message_type is MessageType.SIGNAL else None
    )
    calls = [
        Message(
            destination="org.freedesktop.portal.Desktop",
            path=PATH,
            interface=CHOOSER,
            member="OpenFile",
            signature="ssa{sv}",
            body=["", "x" * 1000, {"handle_token": Variant("s", f"t{number}")}],
        )
        for number in range(1000)
    ]
    for number in range(0, 1000, 20):  # the library's own end takes no more at once
        answers = await asyncio.gather(*map(bus.call, calls[number : number + 20]))
        assert all(one is not None and one.message_type is MessageType.METHOD_RETURN for one in answers)
    async with asyncio.timeout(PATIENCE):
        while len([path for path in cancelled if "/request/" in path]) < 1000 - MAX_ASKED + 1:
            await asyncio.sleep(0.01)
    # One is shown, those that were kept come after it.
    shown = reader.papers.picker
    assert shown is not None
    await send(desk, shown.id)
    seen = await reader.sees(lambda one: one.picker not in (None, shown), "the next")
    assert seen.picker is not None
    bus.disconnect()
    for page in visitor.snapshot.pages:
        await visitor.call("Close", page=page.id)
    await visitor.sees(lambda s: not s.pages, "all pages closed")
    await reader.sees(lambda one: one.picker is None, "no picker")


async def test_a_browser_that_dies_asks_no_more(settings: Settings, daemon: Daemon) -> None:
    with Screen(settings) as screen:
        await daemon.service.stop()
        await daemon.service.start(screen.root / "control", mode=0o666)
        with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as desk:
            with Browser(screen) as browser:
                desk.give(browser)
                visitor, reader = await Visitor.connect(desk), Reader(await client_of(desk))
                async with asyncio.timeout(PATIENCE):
                    await daemon.told.wait()
                await asked_by(visitor, reader, screen, "pieces")
                (screen.tree.given / "x").mkdir()
                browser.kill()
            with Browser(screen) as browser:
                desk.give(browser)
                await visitor.sees(shows("Envoyer une pièce"))
                await reader.sees(lambda one: one.picker is None, "no picker")
                assert not list(screen.tree.given.iterdir())
                # The new one asks us too.
                await asked_by(visitor, reader, screen, "pieces")
                await reader.close()
                await visitor.close()


def test_the_browser_sees_what_was_given_and_no_more(screen: Screen, browser: Browser) -> None:
    main = next(pid for pid in descendants(browser.process.pid) if b"chromium" in _command(pid))
    root = Path(f"/proc/{main}/root")
    assert not (root / "home/visitor/papers").exists()
    folder = screen.tree.given / "abc"
    folder.mkdir()
    os.chown(folder, USERS.screen, USERS.screen)
    folder.chmod(0o755)
    (folder / "x.pdf").write_bytes(b"x")
    (folder / "x.pdf").chmod(0o444)
    os.setegid(USERS.visitor)
    os.seteuid(USERS.visitor)
    try:
        assert (screen.tree.given / "abc/x.pdf").read_bytes() == b"x"
        with pytest.raises(PermissionError):
            os.listdir(screen.tree.given)
        with pytest.raises(PermissionError):
            (folder / "y").touch()
    finally:
        os.seteuid(0)
        os.setegid(0)
    shutil.rmtree(folder)
    mounts = Path(f"/proc/{main}/mounts").read_text("ascii").splitlines()
    (options,) = (line.split()[3] for line in mounts if line.split()[1] == "/run/given")
    assert "ro" in options.split(",")


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
