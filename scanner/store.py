"""The pages of the document that is being made, on the memory disk: they outlive every process of the scan worker.

In one directory: `RAW.part` while lines arrive, `RAW.raw` as it came whole, `RAW.jpg` the same once it was looked at
(300 dots an inch: 26 MB become 2 to 4), `PAGE.VERSION.jpg` made right, `PAGE.VERSION.page` as it will lie in a
document, and `pages.json`, which says which is which. A page that came whole while nobody was there to write it down is
found by its file.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import msgspec

from scanner.model import Corrected, Correction, ScannedPage
from scanner.raster import PART, RAW
from scanner.verdict import Verdict
from session import safely, wire

logger = logging.getLogger(__name__)

MADE, ENCODED = ".jpg", ".page"
_LIST = "pages.json"


class Places(msgspec.Struct, frozen=True):
    """Directories of the memory disk."""

    pages: Path
    papers: Path
    """Finished documents."""
    pictures: Path
    documents: Path
    """The visitor's own: to be read only."""


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    raw: str
    """As it came; another one when it is taken again."""
    back: str | None = None
    """Of a card: its other face, as it came."""
    version: int = 1
    """Grows with each change that is asked for."""
    made: int = 0
    """The newest version that is there to be seen; 0 for none."""
    quarter_turns: int = 0
    undone: tuple[Correction, ...] = ()
    corrections: tuple[Corrected, ...] = ()
    blank: bool = False
    verdicts: tuple[Verdict, ...] = ()
    """What was found on each face of it: a page is looked at once."""

    @property
    def shown(self) -> ScannedPage:
        return ScannedPage(self.id, self.made, self.blank, self.corrections)


class Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pages: tuple[Page, ...] = ()
    card: bool = False
    face: str | None = None
    """The first face of a card, as it came, while the second is waited for."""
    replacing: str | None = None
    """The page that the next one takes the place of."""


class Store:
    """Blocking, but only ever a few small files of a memory disk.

    What is in memory counts. Where the disk is full the list is not written until its next change: a process that ends
    before that leaves pages that are found by their files, and forgets their order and turns.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.now = Saved()
        with contextlib.suppress(FileNotFoundError, wire.WireError):
            self.now = wire.decode((directory / _LIST).read_bytes(), Saved)
        self.clear_parts()
        self._forget_lost()

    def raw(self, name: str) -> Path:
        return self._directory / f"{name}{RAW}"

    def compact(self, name: str) -> Path:
        """The same page, as small as it is kept."""
        return self._directory / f"{name}{MADE}"

    def made(self, page: str, version: int) -> Path:
        return self._directory / f"{page}.{version}{MADE}"

    def encoded(self, page: str, version: int) -> Path:
        return self._directory / f"{page}.{version}{ENCODED}"

    def find(self, page: str) -> Page | None:
        return next((one for one in self.now.pages if one.id == page), None)

    def change(self, **changes: object) -> None:
        """Of what is saved; on return it is, if there is room."""
        self.now = msgspec.structs.replace(self.now, **changes)
        try:
            safely.replace(self._directory / _LIST, wire.encode(self.now)[:-1])
        except OSError as error:
            logger.error("the list of the pages cannot be written: %s", error.strerror)

    def _forget_lost(self) -> None:
        """Pages of the list of which there is no file any more."""
        now = self.now
        pages = tuple(page for page in now.pages if all(map(self._there, filter(None, (page.raw, page.back)))))
        face = now.face if now.face is not None and self._there(now.face) else None
        if (pages, face) != (now.pages, now.face):
            self.change(pages=pages, face=face)

    def _there(self, raw: str) -> bool:
        return self.raw(raw).exists() or self.compact(raw).exists()

    def put(self, page: Page) -> None:
        """In place of the one with its id, or after the last."""
        if self.find(page.id) is None:
            self.change(pages=(*self.now.pages, page))
        else:
            self.change(pages=tuple(page if one.id == page.id else one for one in self.now.pages))

    def arrived(self, raw: str) -> Page | None:
        """A page has come: where it belongs. None for the first face of a card."""
        now = self.now
        if now.card and now.face is None:
            self.change(face=raw)
            return None
        front, back = (now.face, raw) if now.card and now.face is not None else (raw, None)
        old = self.find(now.replacing) if now.replacing is not None else None
        if old is None:
            page = Page(front, front, back)
            pages = (*now.pages, page)
        else:
            page = Page(old.id, front, back, version=old.version + 1, made=old.made)
            pages = tuple(page if one.id == old.id else one for one in now.pages)
        self.change(pages=pages, card=False, face=None, replacing=None)
        if old is not None:
            self._remove(old)
        return page

    def replace(self, page: Page) -> None:
        """The next that comes takes its place; of a card, the next two. A first face that waited for another is gone:
        as a page that nobody wrote down it would come back.
        """
        face = self.now.face
        self.change(replacing=page.id, card=page.back is not None, face=None)
        if face is not None:
            self.raw(face).unlink(missing_ok=True)

    def take_apart(self) -> Page | None:
        """No card any more: a first face that is there becomes a page like any other."""
        face = self.now.face
        self.change(card=False, face=None, replacing=None)
        if face is None:
            return None
        page = Page(face, face)
        self.put(page)
        return page

    def drop(self, pages: frozenset[str]) -> None:
        gone = [one for one in self.now.pages if one.id in pages]
        self.change(pages=tuple(one for one in self.now.pages if one.id not in pages))
        for page in gone:
            self._remove(page)
        self.sweep()

    def clear_parts(self) -> None:
        """Pages that never became whole."""
        for path in self._directory.glob(f"*{PART}"):
            path.unlink(missing_ok=True)

    def unknown(self) -> list[str]:
        """Whole pages that nobody wrote down, oldest first: the process that should have was gone."""
        known = set(self._raws())
        found = [path for path in self._directory.glob(f"*{RAW}") if path.stem not in known]
        return [path.stem for path in sorted(found, key=lambda path: os.stat(path).st_mtime_ns)]

    def compacted(self, page: Page) -> None:
        """The page was made: what it was made of is kept in its small copy, and older versions go."""
        for raw in filter(None, (page.raw, page.back)):
            if self.compact(raw).exists():
                self.raw(raw).unlink(missing_ok=True)
        self.sweep()

    def sweep(self) -> None:
        """Deletes what was made of pages that are nowhere any more, and older versions of those that are.

        Never a page as it came: it may have come this moment.
        """
        kept = {self.compact(raw).name for raw in self._raws()}
        for page in self.now.pages:
            kept |= {f"{page.id}.{number}{kind}" for number in (page.made, page.version) for kind in (MADE, ENCODED)}
        for path in self._directory.iterdir():
            if path.suffix in (MADE, ENCODED) and path.name not in kept:
                path.unlink(missing_ok=True)

    def _raws(self) -> list[str]:
        now = self.now
        names = (now.face, *(name for page in now.pages for name in (page.raw, page.back)))
        return [name for name in names if name is not None]

    def _remove(self, page: Page) -> None:
        for raw in filter(None, (page.raw, page.back)):
            self.raw(raw).unlink(missing_ok=True)
            self.compact(raw).unlink(missing_ok=True)
