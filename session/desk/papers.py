"""The desk's side of a visitor's papers: what there is, what it is called, and what a site is given of it.

The rooms beside it (scanner, making fit, keys, printing) tell their part of the picture by `tell`, and say by `used`
that a document was printed or copied.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from scanner.model import Refusal, ScannerState
from session import rpc
from session.browser.filechooser import Asked, FileChooser, Front
from session.browser.pages import clean
from session.browser.sandbox import DOCUMENTS
from session.desk import given, kinds
from session.desk.documents import Shelf
from session.desk.notes import Notes
from session.keys.desk import Outgoing
from session.pages import Document
from session.papers import MAX_DOCUMENTS, MAX_NAME, Choice, Label, Origin, Paper, Papers, Picker, Unfit
from session.published import Published


class Places(NamedTuple):
    """Where the desk has what it needs, in its own sandbox."""

    documents: Path
    """Written by the browser."""
    papers: Path
    """Documents that were made here: the browser does not see them."""
    given: Path
    notes: Path

    @classmethod
    def beside(cls, documents: Path) -> Places:
        home = documents.parent
        return cls(documents, home / "papers", home / "given", home / "papers.json")


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str


class _Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    label: Label


class _Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    name: str
    """What the screens call it: the site sees it so."""


class _Send(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    picker: str
    documents: tuple[_Sent, ...] = ()


class PapersDesk:
    """`front` is the page in front, or None; `changed` is called when there is reason to look again."""

    def __init__(self, places: Places, front: Callable[[], Front | None], changed: Callable[[], None]) -> None:
        self._places, self._changed = places, changed
        self._shelf = Shelf(places.documents, places.papers)
        self._notes = Notes(places.notes)
        self._given = given.Given(places.given)
        self._endings: dict[str, tuple[int, str, str]] = {}
        """By id: the size and the name with which its ending was found."""
        self._holding = 0
        """While somebody does, documents that are new are not told of yet."""
        self._held: dict[str, object] = {}
        self._pages: dict[str, int] = {}
        """Of those that can be shown."""
        self._closed: dict[str, Refusal] = {}
        """Those that cannot be opened."""
        self._giving: set[str] = set()
        """Requests that are being answered."""
        self._papers: Published[Papers] = Published(Papers())
        self.chooser = FileChooser(front, self._heard, self._save, self._given.clear)
        self.chooser.restore(*self._notes.asked)
        for path in places.papers.glob(".*"):
            if path.suffix != ".part":  # which the scan worker is at, and it takes away itself
                self.remove_hidden(path.name)  # what an earlier desk had asked for: nobody waits for it any more

    def offer(self, service: rpc.Service, uids: frozenset[int]) -> None:
        """Adds its methods."""
        service.add("WatchPapers", self._watch, uids=uids)
        service.add("Name", self._name, parameters=_Label, uids=uids)
        service.add("Drop", self._drop, parameters=_Document, uids=uids)
        service.add("Send", self._send, parameters=_Send, uids=uids)

    # -- the picture -----------------------------------------------------------------------------------------

    def look(self, pages: Collection[str] | None, **parts: object) -> tuple[Document, ...]:
        """Looks over everything, and publishes it at once with other parts of `Papers`; the documents. `pages` are the
        ids of those that are open, None as long as that is not known.
        """
        if pages is not None:
            self._given.keep_for(pages)
            for asked in self.chooser.asked:
                if asked.front.page not in pages:
                    self.chooser.give(asked.id, ())
        found = self._shelf.look()
        papers = tuple(self._paper(one) for one in found[-MAX_DOCUMENTS:])
        if self._holding:
            known = {one.id for one in self.now.documents or ()}
            papers = tuple(one for one in papers if one.id in known)
        self._endings = {one.id: self._endings[one.id] for one in papers if one.id in self._endings}
        self.tell(documents=papers, picker=self._picker(papers), folders=self.chooser.folders, **parts)
        return found

    def tell(self, **parts: object) -> None:
        """Publishes other parts of `Papers`, by the names of its fields; `sequence` is counted here."""
        before = self._papers.value
        after = msgspec.structs.replace(before, **parts)
        if after != before:
            self._papers.set(msgspec.structs.replace(after, sequence=before.sequence + 1))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Documents that are new, and scanners that have no pages any more, are told of at its end, at once."""
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
            if not self._holding:
                held, self._held = self._held, {}
                self.look(None, **held)
                self._changed()

    def tell_scanner(self, state: ScannerState) -> None:
        if self._holding and not state.pages:
            self._held = {"scanner": state}
        else:
            self.tell(scanner=state)

    def downloaded(self, guid: str, untrusted_name: str) -> None:
        """A download is whole: it gets its name."""
        self._shelf.name(guid, untrusted_name)
        self._changed()

    def used(self, *documents: str) -> None:
        """They were sent, printed or copied."""
        for one in documents:
            self._notes.set(one, used=True)
        self._changed()

    def came_from(self, document: str, origin: Origin, name: str = "") -> None:
        """Says where a document came from, if that is not what its directory says (a key, for one), and its name."""
        self._notes.set(document, origin=origin, name=clean(name, MAX_NAME))
        self._changed()

    def outgoing(self, document: str, name: str) -> Outgoing:
        """A document that is to leave by a key, with its name there. Raises Refused."""
        paper, path = self._need(document), self._shelf.path(document)
        if path is None or not paper.complete:
            raise rpc.Refused("no_document")
        return Outgoing(document, path, given.name(name, self._ending(paper)))

    @property
    def made_here(self) -> Path:
        return self._places.papers

    def describe(self, document: str, pages: int) -> None:
        """It can be shown, and has so many pages."""
        self._pages[document] = pages
        self._changed()

    def close(self, document: str, why: Refusal) -> None:
        """It cannot be opened here."""
        self._closed[document] = why
        self._changed()

    def replace(self, document: str, name: str, made: str) -> None:
        """The file `name` among the papers, with the id `made`, takes the place of a document, and its label."""
        note, paper = self._notes[document], self._need(document)
        self.show(name)
        self._notes.set(made, label=note.label, origin=paper.origin, name=paper.name)
        self.remove(document)

    def show(self, name: str) -> None:
        """The file `name` among the papers, which was hidden, is a document. Raises Refused."""
        path = self._places.papers / name
        try:
            path.rename(path.with_name(name.removeprefix(".")))
        except OSError:
            raise rpc.Refused("no_document") from None
        self._changed()

    def remove(self, document: str) -> None:
        """Raises Refused where it is not there any more."""
        try:
            self._shelf.remove(document)
        except OSError:
            raise rpc.Refused("no_document") from None
        self._notes.forget(document)
        self._pages.pop(document, None)
        self._closed.pop(document, None)
        self._changed()

    def remove_hidden(self, name: str) -> None:
        """A file among the papers that was no document yet."""
        if name.startswith(".") and "/" not in name:
            with contextlib.suppress(OSError):
                (self._places.papers / name).unlink()

    @property
    def now(self) -> Papers:
        return self._papers.value

    def changed(self) -> None:
        """There is reason to look again."""
        self._changed()

    def _paper(self, one: Document) -> Paper:
        note, path = self._notes[one.id], self._shelf.path(one.id)
        ours = path is not None and path.parent == self._places.papers
        return Paper(
            id=one.id,
            origin=note.origin or (Origin.SCAN if ours else Origin.DOWNLOAD),
            size=one.size,
            pages=self._pages.get(one.id, 0),
            label=note.label,
            # What we made has a name of ours, which says nothing.
            name=note.name or ("" if ours and note.origin is None else clean(one.name, MAX_NAME)),
            picture=1 if one.id in self._pages else 0,
            used=note.used,
            complete=one.complete,
            closed=self._closed.get(one.id),
        )

    # -- the picker ------------------------------------------------------------------------------------------

    def _heard(self) -> None:
        self._notes.ask(self.chooser.bus, self.chooser.asked)
        self._changed()

    def _picker(self, papers: tuple[Paper, ...]) -> Picker | None:
        if not self.chooser.asked:
            return None
        asked = self.chooser.asked[0]
        choices = tuple(Choice(one.id, self._unfit(one, asked)) for one in papers)
        shown = kinds.short_names(asked.patterns)
        return Picker(asked.id, asked.front.site, asked.several, asked.front.limit, shown, choices)

    def _unfit(self, paper: Paper, asked: Asked) -> Unfit | None:
        """Why the site would refuse it."""
        limit = asked.front.limit
        if not paper.complete:
            return Unfit.ARRIVING
        if kinds.fitting(asked.patterns, self._ending(paper)) is None:
            return Unfit.KIND
        return Unfit.SIZE if limit is not None and paper.size > limit else None

    def _ending(self, paper: Paper) -> str:
        known = self._endings.get(paper.id)
        if known is not None and known[:2] == (paper.size, paper.name):
            return known[2]
        head = b""
        with contextlib.suppress(OSError):
            descriptor = self._shelf.open(paper.id)
            try:
                head = os.read(descriptor, kinds.HEAD)
            finally:
                os.close(descriptor)
        path = self._shelf.path(paper.id)
        found = kinds.ending(head, path.name if path is not None else "")
        self._endings[paper.id] = (paper.size, paper.name, found)
        return found

    def _save(self, untrusted_name: str) -> str:
        """Where the browser may save under such a name, as it sees it: among the documents."""
        wanted = given.name(untrusted_name, kinds.ending(b"", untrusted_name))
        return given.address(DOCUMENTS / given.free(wanted, os.listdir(self._places.documents)))

    # -- methods ---------------------------------------------------------------------------------------------

    async def _watch(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> AsyncIterator[Papers]:
        """The papers, now and after each change."""
        async with contextlib.aclosing(self._papers.follow()) as snapshots:
            async for snapshot in snapshots:
                yield snapshot

    def _name(self, _caller: rpc.Caller, parameters: _Label) -> None:
        """Gives a document one of the plain names."""
        self._need(parameters.document)
        self._notes.set(parameters.document, label=parameters.label)
        self._changed()

    def _drop(self, _caller: rpc.Caller, parameters: _Document) -> None:
        """Deletes a document. What a site was given of it stays with the site."""
        self.remove(parameters.document)

    async def _send(self, _caller: rpc.Caller, parameters: _Send) -> None:
        """Gives the site that asks these documents; none of them for "cancelled"."""
        asked = self.chooser.find(parameters.picker)
        if asked is None:
            raise rpc.Refused("no_picker")
        if asked.id in self._giving:
            return
        if not parameters.documents:
            self.chooser.give(asked.id, ())
            return
        self._giving.add(asked.id)
        try:
            addresses = await self._put(asked, parameters.documents)
        finally:
            self._giving.discard(asked.id)
        if self.chooser.find(asked.id) is None:
            raise rpc.Refused("no_picker")  # the page has gone meanwhile; its folder goes with the next look
        self.chooser.give(asked.id, addresses)
        self.used(*(one.document for one in parameters.documents))

    async def _put(self, asked: Asked, sent: tuple[_Sent, ...]) -> list[str]:
        """Copies them where the browser sees them; their addresses there."""
        if len(sent) > 1 and not asked.several:
            raise rpc.Refused("no_document")
        files: list[tuple[int, str]] = []
        try:
            for one in sent:
                paper = self._need(one.document)
                ending = kinds.fitting(asked.patterns, self._ending(paper))
                if ending is None or self._unfit(paper, asked) is not None:
                    raise rpc.Refused("no_document")
                files.append((self._shelf.open(one.document), given.name(one.name, ending)))
            return await asyncio.to_thread(self._given.put, asked.front.page, files)
        except FileNotFoundError:
            raise rpc.Refused("no_document") from None
        except OSError:
            raise rpc.Refused("no_room") from None
        finally:
            for descriptor, _ in files:
                os.close(descriptor)

    def _need(self, document: str) -> Paper:
        for one in self._papers.value.documents or ():
            if one.id == document:
                return one
        raise rpc.Refused("no_document")
