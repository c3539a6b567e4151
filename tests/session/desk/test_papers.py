"""The desk's side of papers: what is in its snapshots, what it keeps, and what it refuses."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scanner.model import ScannerState
from session import rpc
from session.browser.filechooser import Asked, Front
from session.desk.documents import Shelf
from session.desk.notes import MAX_NOTES, Notes
from session.desk.papers import PapersDesk, Places
from session.papers import MAX_DOCUMENTS, Label, Origin, Papers, Unfit
from tests.session.talk import Line, pair

DESK = "org.marchepied.Desk"


class Held:
    def __init__(self, home: Path) -> None:
        self.places = Places.beside(home / "documents")
        for directory in self.places[:3]:
            directory.mkdir(exist_ok=True)
        self.changes = 0
        self.desk = PapersDesk(self.places, lambda: Front("p", "Site"), self._changed)
        self.service = rpc.Service(DESK)
        self.desk.offer(self.service, frozenset({0}))

    def _changed(self) -> None:
        self.changes += 1

    @property
    def papers(self) -> Papers:
        self.desk.look({"p"})
        return self.desk._papers.value

    def lay(self, name: str, content: bytes = b"%PDF-1.4", made: bool = False) -> str:
        path = (self.places.papers if made else self.places.documents) / name
        path.write_bytes(content)
        return next(one.id for one in self.desk.look(None) if self.desk._shelf.path(one.id) == path)

    def asks(self, *patterns: str, several: bool = False) -> None:
        self.desk.chooser.asked = (Asked("a", "/h", ":1.1", Front("p", "Site"), several, patterns),)


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


@pytest.fixture
async def line(held: Held) -> AsyncIterator[Line]:
    async with pair(held.service) as one:
        yield one


async def call(line: Line, name: str, **parameters: Any) -> str | None:
    """The code of the refusal, if it is one."""
    answer = await line.call(f"{DESK}.{name}", parameters)
    return answer["parameters"]["code"] if answer.get("error") == rpc.ERROR_REFUSED else answer.get("error")


def test_what_was_made_here_and_what_came_is_told_apart(held: Held) -> None:
    download, scan, key = held.lay("doc.pdf"), held.lay("a1b2.pdf", made=True), held.lay("k.jpg", made=True)
    held.desk.came_from(key, Origin.KEY)
    found = {one.id: (one.origin, one.name) for one in held.papers.documents or ()}
    assert found == {download: (Origin.DOWNLOAD, "doc.pdf"), scan: (Origin.SCAN, ""), key: (Origin.KEY, "k.jpg")}


async def test_labels_and_uses_outlive_the_desk(held: Held, line: Line, tmp_path: Path) -> None:
    document = held.lay("doc.pdf")
    assert await call(line, "Name", document=document, label="tax") is None
    held.desk.used(document)
    held.asks("*.pdf")
    held.desk._heard()
    (paper,) = Held(tmp_path).papers.documents or ()
    assert (paper.label, paper.used) == (Label.TAX, True)
    again = Held(tmp_path)
    again.desk.chooser.restore(*Notes(again.places.notes).asked)
    assert again.papers.picker is not None
    assert again.papers.picker.kinds == ("PDF",)
    held.places.notes.write_bytes(b"{")
    (paper,) = Held(tmp_path).papers.documents or ()
    assert (paper.label, paper.used) == (None, False)


async def test_a_document_is_deleted_once(held: Held, line: Line) -> None:
    document = held.lay("doc.pdf")
    held.desk.used(document)
    assert await call(line, "Drop", document=document) is None
    assert await call(line, "Drop", document=document) == "no_document"
    assert await call(line, "Name", document="x", label="tax") == "no_document"
    assert held.papers.documents == ()
    assert not Notes(held.places.notes)[document].used
    assert b"doc" not in held.places.notes.read_bytes()


async def test_another_file_of_that_name_is_not_the_document(held: Held, line: Line) -> None:
    """The browser may put anything in a document's place."""
    document = held.lay("doc.pdf")
    path = held.places.documents / "doc.pdf"
    for other in ("another file", "a link", "a directory"):
        if path.is_dir():
            path.rmdir()
        else:
            path.rename(held.places.documents / f".{other}")
        if other == "another file":
            path.write_bytes(b"%PDF-1.4 other")
        elif other == "a link":
            path.symlink_to("/etc/passwd")
        else:
            path.mkdir()
        held.asks()
        with pytest.raises(OSError, match=r".*"):
            held.desk._shelf.open(document)
        assert await call(line, "Drop", document=document) == "no_document"
        sent = await call(line, "Send", picker="a", documents=[{"document": document, "name": "x"}])
        assert sent in ("no_document", "no_room")
        assert path.exists()
    assert not list(held.places.given.iterdir())


async def test_what_the_site_refuses_is_not_given(held: Held, line: Line) -> None:
    pdf, photo = held.lay("doc.pdf"), held.lay("photo.png", b"\x89PNG\r\n\x1a\n")
    held.lay("x.pdf.crdownload")
    held.asks("image/*")
    picker = held.papers.picker
    assert picker is not None
    assert {one.document: one.unfit for one in picker.choices}[pdf] is Unfit.KIND
    for documents in ([pdf], [photo, photo], ["0-0"]):
        sent = [{"document": one, "name": "x"} for one in documents]
        assert await call(line, "Send", picker="a", documents=sent) == "no_document"
    assert await call(line, "Send", picker="b", documents=[]) == "no_picker"
    assert held.papers.picker == picker


async def test_what_is_too_large_for_the_site_is_not_given(held: Held, line: Line) -> None:
    photo = held.lay("photo.png", b"\x89PNG\r\n\x1a\n")
    for limit, unfit in ((None, None), (8, None), (7, Unfit.SIZE)):
        held.desk.chooser.asked = (Asked("a", "/h", ":1.1", Front("p", "Site", limit)),)
        picker = held.papers.picker
        assert picker is not None
        assert picker.limit == limit
        assert [one.unfit for one in picker.choices] == [unfit]
    sent = [{"document": photo, "name": "x"}]
    assert await call(line, "Send", picker="a", documents=sent) == "no_document"
    assert not list(held.places.given.iterdir())


def test_what_a_site_takes_outlives_the_desk(held: Held, tmp_path: Path) -> None:
    held.desk.chooser.asked = (Asked("a", "/h", ":1.1", Front("p", "Site", 2_000_000)),)
    held.desk._heard()
    assert Notes(held.places.notes).asked[1] == held.desk.chooser.asked


def test_the_other_rooms_tell_their_part(held: Held) -> None:
    first = held.papers
    held.desk.tell(scanner=ScannerState())
    assert held.papers.scanner == ScannerState()
    assert held.papers.sequence == first.sequence + 1
    held.desk.tell(scanner=ScannerState())
    assert held.papers.sequence == first.sequence + 1, "nothing new"


def test_only_as_many_as_a_snapshot_holds(held: Held) -> None:
    for number in range(MAX_DOCUMENTS + 5):
        (held.places.documents / f"{number}.pdf").write_bytes(b"%PDF-")
    assert len(held.papers.documents or ()) == MAX_DOCUMENTS
    notes = Notes(held.places.notes)
    for number in range(MAX_NOTES + 5):
        notes.set(str(number), used=True)
    kept = Notes(held.places.notes)
    assert [kept[str(number)].used for number in (0, 4, 5, MAX_NOTES + 4)] == [False, False, True, True]


def test_what_a_page_saves_is_one_more_document(held: Held) -> None:
    held.lay("reçu.pdf")
    saved = [held.desk._save(name) for name in ("reçu.pdf", "../../.x/y.PDF", "")]
    assert saved == [
        "file:///home/visitor/documents/re%C3%A7u%20%282%29.pdf",
        "file:///home/visitor/documents/-..-.x-y.pdf",
        "file:///home/visitor/documents/document",
    ]


def test_a_shelf_of_two_directories_is_in_the_order_of_time(held: Held) -> None:
    first, second = held.lay("b.pdf", made=True), held.lay("a.pdf")
    for directory, name, moment in ((held.places.papers, "b.pdf", 1), (held.places.documents, "a.pdf", 2)):
        os.utime(directory / name, (moment, moment))
    assert [one.id for one in held.papers.documents or ()] == [first, second]
    assert [one.id for one in Shelf(held.places.documents).look()] == [second]
