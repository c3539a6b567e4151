"""What the screens of papers ask, as it reaches the desk; and the pictures that come back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kiosk import pictures
from kiosk.papers import Calls, Picture, called
from kiosk.pictures import PictureFile, read
from kiosk.presenter import Presenter
from kiosk.view import Screen, Side
from kiosk.words import Words
from session.papers import Choice, Label, Origin, Paper, Papers, Picker
from session.rpc import Caller, Refused, Service
from tests.kiosk import cases
from tests.kiosk.fakes import FakeStation, until

NOTICE = Paper("d1", Origin.DOWNLOAD, 4_000, label=Label.TAX, name="doc(3).pdf")
OTHER = Paper("d2", Origin.DOWNLOAD, 4_000, name="attestation.pdf")
SCAN = Paper("d3", Origin.SCAN, 4_000)


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[FakeStation]:
    async with FakeStation(tmp_path) as station:
        yield station


@pytest.fixture
async def ui(station: FakeStation) -> AsyncIterator[Presenter]:
    presenter = Presenter(cases.SETTINGS, station.run, lambda: None)
    task = asyncio.create_task(presenter.run())
    station.desk.publish(cases.TWO, Papers(1, documents=(NOTICE, OTHER, SCAN)))
    station.control.publish(cases.session())
    assert await until(lambda: bool(presenter.rooms.papers.documents) and presenter.occupied)
    presenter.read_notice()
    yield presenter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def calls(ui: Presenter) -> Calls:
    assert ui.papers is not None
    return ui.papers


def test_a_document_is_called_as_it_is_shown() -> None:
    say = Words("fr")
    assert [called(say, one) for one in (NOTICE, OTHER, SCAN)] == [
        say("label.tax"),
        "attestation.pdf",
        "Papier numérisé",
    ]


async def test_what_a_site_gets_is_named_in_the_stations_language(ui: Presenter, station: FakeStation) -> None:
    ui.speak("ar")
    calls(ui).name("d2", Label.RENT)
    calls(ui).drop("d3")
    picker = Picker("p1", "impots.gouv.fr", choices=(Choice("d1"),))
    station.desk.publish(papers=Papers(2, documents=(NOTICE, OTHER), picker=picker))
    assert await until(lambda: ui.screen is Screen.PICKER)
    calls(ui).send("p1", ("d1",))
    sent = [{"document": "d1", "name": Words("fr")("label.tax")}]
    assert await until(lambda: station.desk.called("Send", picker="p1", documents=sent))
    assert station.desk.called("Name", document="d2", label="rent")
    assert station.desk.called("Drop", document="d3")
    calls(ui).send("p1", ())
    assert await until(lambda: station.desk.called("Send", picker="p1", documents=[]))


async def test_what_is_refused_is_said(ui: Presenter, station: FakeStation) -> None:
    station.desk.refuse["Send"] = "no_room"
    calls(ui).send("p1", ("d1",))
    assert await until(lambda: ui.said == ui.words.refusal("no_room"))


async def test_a_folder_that_is_asked_for_is_said_once(ui: Presenter, station: FakeStation) -> None:
    station.desk.publish(papers=Papers(2, documents=(), folders=1))
    assert await until(lambda: ui.said == ui.words.refusal("no_folder"))
    ui.say("")
    station.desk.publish(papers=Papers(0, documents=()))  # another desk, which counts from nothing
    assert await until(lambda: ui.rooms.papers.folders == 0)
    assert ui.said == ""


async def test_documents_that_were_not_used_are_counted_at_the_end(ui: Presenter, station: FakeStation) -> None:
    ui.turn_to(Side.DOCUMENTS)
    assert ui.screen is Screen.SHELF
    left = [one for one in ui.rooms.papers.documents or () if not one.used]
    assert len(left) == 3
    await station.desk.stop()
    await station.desk.start()
    assert await until(lambda: station.desk.watchers == 1)
    assert ui.screen is Screen.SHELF, "a new desk tells the same"


# Pictures


def lay(directory: Path, name: str, content: bytes) -> None:
    (directory / name).write_bytes(content)


def test_a_picture_is_what_its_file_holds(tmp_path: Path) -> None:
    lay(tmp_path, "d1-3-2x1", b"abcdef")
    assert read(tmp_path, PictureFile("d1-3-2x1", 2, 1)) == Picture(2, 1, b"abcdef")


@pytest.mark.parametrize(
    "file",
    [
        PictureFile("gone", 2, 1),
        PictureFile("picture", 2, 2),
        PictureFile("picture", 1, 1),
        PictureFile("picture", 0, 0),
        PictureFile("picture", -1, -2),
        PictureFile("picture", 1 << 40, 1),
        PictureFile("../picture", 2, 1),
        PictureFile("picture\0", 2, 1),
        PictureFile("link", 2, 1),
        PictureFile("pipe", 2, 1),
        PictureFile("", 2, 1),
        PictureFile(".", 2, 1),
    ],
)
def test_what_is_not_as_it_says_is_not_there(tmp_path: Path, file: PictureFile) -> None:
    directory = tmp_path / "pictures"
    directory.mkdir()
    for place in (tmp_path, directory):
        lay(place, "picture", b"abcdef")
    (directory / "link").symlink_to(tmp_path / "picture")
    os.mkfifo(directory / "pipe")
    with pytest.raises(FileNotFoundError):
        read(directory, file)


class Drawn:
    """A desk that has pictures."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.asked: list[pictures.Key] = []
        self.service = Service("org.marchepied.Desk")
        self.service.add("Picture", self._picture, parameters=Wanted, uids=None)

    def _picture(self, _caller: Caller, parameters: Wanted) -> PictureFile:
        self.asked.append((parameters.of, parameters.version, parameters.page))
        if parameters.of == "none":
            raise Refused("no_picture")
        lay(self._directory, "one", bytes([parameters.version]) * 3 * 100 * 100)
        return PictureFile("one", 100, 100)


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    of: str
    version: int
    page: int
    width: int
    height: int


async def test_pictures_are_asked_for_once_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARCHEPIED_PICTURES", str(tmp_path))
    monkeypatch.setattr(pictures, "MOST_BYTES", 70_000)
    drawn, come = Drawn(tmp_path), asyncio.Event()
    await drawn.service.start(tmp_path / "desk")
    one = pictures.Pictures(tmp_path / "desk", (1280, 800), come.set)
    assert one.get("d1", 1, 1) is None
    assert not drawn.asked, "before it lives"
    async with asyncio.TaskGroup() as tasks:
        one.tasks = tasks

        async def shown(of: str, version: int) -> Picture:
            come.clear()
            assert one.get(of, version, 1) is None
            assert one.get(of, version, 1) is None
            await asyncio.wait_for(come.wait(), 5)
            picture = one.get(of, version, 1)
            assert picture is not None
            return picture

        assert (await shown("d1", 1)).pixels[:1] == b"\1"
        assert (await shown("d1", 2)).pixels[:1] == b"\2"
        await shown("d2", 1)
        assert one.get("d1", 2, 1) is not None
        await shown("d3", 1)
        assert drawn.asked == [("d1", 1, 1), ("d1", 2, 1), ("d2", 1, 1), ("d3", 1, 1)]
        assert one.get("d1", 2, 1) is not None, "shown after the second"
        await shown("d2", 1)
        assert one.get("none", 1, 1) is None
        assert await until(lambda: drawn.asked[-1] == ("none", 1, 1))
        assert await until(lambda: not one._asked)
        assert one.get("none", 1, 1) is None
        assert not one._asked, "not at once again"
    await drawn.service.stop()
