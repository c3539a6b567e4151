"""The scan worker's supervisor: what a visitor asks for, the pages, and two children that may fail at any moment.

It loads neither SANE nor anything that decodes. Interface `org.marchepied.Scanner`, for the desk alone. No page is
named but by its id, and nothing of one is ever logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from scanner import apart, calls
from scanner.children import Feeding, Patience
from scanner.keeping import Keeper
from scanner.making import Maker
from scanner.messages import Arriving, FeedSaid, FeedTask, Looked, Whole
from scanner.model import (
    ScannerSettings,
    ScannerState,
    ScanProblem,
    ScanStage,
    Source,
)
from scanner.outcomes import after_plug, after_use
from scanner.pictures import Pictures
from scanner.presses import Press
from scanner.store import Page, Places, Store
from scanner.works import Works
from session import rpc
from session.published import Published

logger = logging.getLogger(__name__)

_SETTLE = 0.05
"""Seconds between two states: the first change is told at once, those that follow it in one."""
_ID = re.compile("[0-9a-f]{16}")
_TWO_AT_ONCE = 300
"""Dots an inch: in the making of a page of 600 there are 200 to 400 MB."""
_IN_USE = (ScanStage.LOOKING, ScanStage.SCANNING)


class Supervisor:
    """State and methods. `run` until cancelled."""

    def __init__(self, settings: ScannerSettings, places: Places, patience: Patience | None = None) -> None:
        self._settings, self._places = settings, places
        self._patience = patience or Patience()
        self._store = Store(places.pages)
        for raw in self._store.unknown():
            self._store.arrived(raw)
        self._press = Press(self._patience)
        self._pictures = Pictures(places.pictures)
        self._maker = Maker(self._store, self._press, self._pictures, self._changed)
        # Pages that wait are made two at a time, where that is no matter of memory.
        helping = [Press(self._patience, helps=self._press)] if settings.resolution <= _TWO_AT_ONCE else []
        # A press of its own: a document that takes long keeps no page waiting, and a hostile one meets no scanner.
        before = apart.argv((places.papers, places.pictures), (places.pages,))
        self._press_apart = Press(self._patience, before)
        self._presses = (self._press, self._press_apart, *helping)
        self._works = Works(self._press_apart, self._pictures, places.papers, places.documents)
        self._keeper = Keeper(self._store, self._maker, self._press, places.papers, self._come)
        self._feeding: Feeding | None = None
        self._uses: set[asyncio.Task[None]] = set()
        self._arrivals = 0
        self._newest = ""
        self._stale = False
        """A scanner may have come or gone while one was in use."""
        # After a restart: the pages are there, and the scanner is free.
        self._stage = ScanStage.DONE if self._store.now.pages and not self._store.now.card else ScanStage.READY
        self._source = Source.GLASS
        self._percent: int | None = None
        self._problem: ScanProblem | None = None
        self._public = Published(ScannerState())
        self._settling: asyncio.TimerHandle | None = None
        self._published_at = float("-inf")
        self.service = rpc.Service(calls.INTERFACE)
        uids = frozenset({settings.asker})
        add = self.service.add
        add("Watch", self._watch, uids=uids)
        add("Look", self._look, uids=uids)
        add("Plugged", self._plugged, uids=uids)
        add("Scan", self._scan, parameters=calls.ScanParameters, uids=uids)
        add("StopScan", self._stop_scan, uids=uids)
        add("Card", self._card, parameters=calls.CardParameters, uids=uids)
        add("Retake", self._retake, parameters=calls.PageParameters, uids=uids)
        add("Turn", self._turn, parameters=calls.PageParameters, uids=uids)
        add("Move", self._move, parameters=calls.MoveParameters, uids=uids)
        add("DropPage", self._drop_page, parameters=calls.PageParameters, uids=uids)
        add("Correct", self._correct, parameters=calls.CorrectParameters, uids=uids)
        add("Keep", self._keep, uids=uids)
        add("StopKeep", self._stop_keep, uids=uids)
        add("Picture", self._picture, parameters=calls.PictureParameters, uids=uids)
        self._works.offer(self.service, uids)

    async def run(self, socket: Path) -> None:
        """Listens on `socket`, which its directory's group may open."""
        self._publish()
        await self.service.start(socket, mode=0o660)
        pressing = [asyncio.create_task(press.run()) for press in self._presses]
        try:
            self._maker.resume()
            self._begin("look", None, 0, quiet=lambda _problem: None)
            done, _ = await asyncio.wait(pressing, return_when=asyncio.FIRST_COMPLETED)  # ends none of them itself
            await asyncio.gather(*done)
        finally:
            await self.service.stop()
            tasks = [*pressing, *self._maker.tasks, *self._uses]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._settling is not None:
                self._settling.cancel()

    @property
    def children(self) -> tuple[int | None, int | None, int | None]:
        """The processes of the feed, of the press and of the second one's sandbox, for the tests and the doctor."""
        return (self._feeding.pid if self._feeding is not None else None), self._press.pid, self._press_apart.pid

    # -- the public picture ----------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self._settling is None:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_at(max(loop.time(), self._published_at + _SETTLE), self._publish)

    def _publish(self) -> None:
        self._settling = None
        self._published_at = asyncio.get_running_loop().time()
        now = self._store.now
        fresh = ScannerState(
            stage=self._stage,
            source=self._source,
            card=now.card,
            second_face=now.face is not None,
            percent=self._percent,
            problem=self._problem,
            newest=self._newest,
            pages=tuple(page.shown for page in now.pages),
        )
        self._public.set(fresh)

    async def _watch(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> AsyncIterator[ScannerState]:
        """The whole picture, now and after each change."""
        async with contextlib.aclosing(self._public.follow()) as states:
            async for state in states:
                yield state

    def _enter(self, stage: ScanStage, problem: ScanProblem | None = None) -> None:
        self._stage, self._problem, self._percent = stage, problem, None
        self._changed()

    # -- the scanner -----------------------------------------------------------------------------------------

    def _look(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """Looks whether there is a scanner, and where its next page would come from."""
        self._press.warm()
        if self._stage in (ScanStage.READY, ScanStage.PROBLEM):  # else it is known
            self._begin("look", None, 0)

    def _plugged(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """A scanner may have come or gone. One that is in use tells by itself, and is looked for afterwards."""
        if self._stage in _IN_USE:
            self._stale = True
        else:
            self._begin("look", None, 0, quiet=self._seen)

    def _scan(self, _caller: rpc.Caller, parameters: calls.ScanParameters) -> None:
        """One page, or all that is in the feeder; after those that are there."""
        self._need_idle()
        self._begin_scan(parameters.source)

    def _stop_scan(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """Stops; the page that was arriving is not kept, those before it are."""
        if self._feeding is not None:
            self._feeding.stop()

    def _card(self, _caller: rpc.Caller, parameters: calls.CardParameters) -> None:
        """Whether both faces of a small card come on one page. A first face without a second becomes a page."""
        self._need_idle()
        if parameters.on:
            self._store.change(card=True)
        else:
            page = self._store.take_apart()
            if page is not None:
                self._maker.make(page, urgent=True)
        self._enter(ScanStage.READY)

    def _retake(self, _caller: rpc.Caller, parameters: calls.PageParameters) -> None:
        """Scans what is on the glass in place of a page. Of a card, its first face; then the second is waited for."""
        self._need_idle()
        page = self._need(parameters.page)
        self._store.replace(page)
        self._begin_scan(Source.GLASS)

    def _begin_scan(self, source: Source | None) -> None:
        now = self._store.now
        one = now.card or now.replacing is not None
        left = 1 if one else calls.MAX_PAGES - len(now.pages)
        if left <= 0 or (now.card and now.replacing is None and len(now.pages) >= calls.MAX_PAGES):
            self._enter(ScanStage.PROBLEM, ScanProblem.FULL)
            return
        self._press.warm()
        self._begin("scan", Source.GLASS if one else source, left)

    def _begin(
        self,
        what: str,
        source: Source | None,
        pages: int,
        *,
        quiet: Callable[[ScanProblem | None], None] | None = None,
    ) -> None:
        """`quiet`: nobody waits for it, and whatever is asked for ends it; it is told what came of it, if it ends."""
        settings = self._settings
        task = FeedTask(
            what="look" if what == "look" else "scan",
            directory=str(self._places.pages),
            source=source,
            pages=pages,
            resolution=settings.resolution,
            two_sides=settings.two_sides,
            devices=settings.devices,
            options=settings.options,
        )
        before, earlier = self._stage, set(self._uses)
        if self._feeding is not None:
            self._feeding.abort()
        self._feeding = feeding = Feeding(self._patience, self._heard)
        if quiet is None:
            self._enter(ScanStage.LOOKING)

        async def use() -> None:
            if earlier:
                await asyncio.wait(earlier)
            await (self._used(feeding, task, before) if quiet is None else self._looked(feeding, task, quiet))

        using = asyncio.create_task(use())
        self._uses.add(using)
        using.add_done_callback(self._uses.discard)

    async def _looked(
        self, feeding: Feeding, task: FeedTask, told: Callable[[ScanProblem | None], None]
    ) -> None:
        problem = await feeding.run(task)
        if self._feeding is feeding:
            self._feeding = None
            if not feeding.stopped:
                told(problem)

    def _seen(self, found: ScanProblem | None) -> None:
        standing = after_plug(self._stage, self._problem, found)
        if standing != (self._stage, self._problem):
            self._enter(*standing)

    async def _used(self, feeding: Feeding, task: FeedTask, before: ScanStage) -> None:
        arrivals, face = self._arrivals, self._store.now.face
        problem: ScanProblem | None = ScanProblem.FAILED
        try:
            problem = await feeding.run(task)
        finally:
            self._feeding = None
            self._store.clear_parts()
            for raw in self._store.unknown():
                self._arrived(raw)  # whole, but the feed died before it could say so
            now = self._store.now
            if now.replacing is not None and now.face is None:
                self._store.change(replacing=None, card=False)  # the page that was to be replaced stays
            came, first = self._arrivals > arrivals, now.face != face
            self._enter(*after_use(before, problem, looked=task.what == "look", pages=came, face=first))
        if self._stale:
            self._stale = False
            self._begin("look", None, 0, quiet=self._seen)

    def _heard(self, said: FeedSaid) -> None:
        match said:
            case Looked(source):
                self._source = source
            case Arriving(source=source, percent=percent):
                self._stage, self._source, self._percent = ScanStage.SCANNING, source, percent
            case Whole(untrusted_page):
                if _ID.fullmatch(untrusted_page) and self._store.raw(untrusted_page).exists():
                    self._arrived(untrusted_page)
        self._changed()

    def _arrived(self, raw: str) -> None:
        page = self._store.arrived(raw)
        if page is not None:
            self._arrivals += 1
            self._newest = page.id
            self._maker.make(page, urgent=False)

    # -- the pages -------------------------------------------------------------------------------------------

    def _turn(self, _caller: rpc.Caller, parameters: calls.PageParameters) -> None:
        """A quarter, clockwise."""
        page = self._need(parameters.page)
        self._remake(page, quarter_turns=(page.quarter_turns + 1) % 4)

    def _correct(self, _caller: rpc.Caller, parameters: calls.CorrectParameters) -> None:
        """Puts a correction in force again, or undoes it."""
        page = self._need(parameters.page)
        undone = set(page.undone) - {parameters.correction} if parameters.on else {*page.undone, parameters.correction}
        corrections = tuple(
            msgspec.structs.replace(one, in_force=parameters.on) if one.correction is parameters.correction else one
            for one in page.corrections
        )
        self._remake(page, undone=tuple(sorted(undone)), corrections=corrections)

    def _remake(self, page: Page, **changes: object) -> None:
        self._need_kept_open()
        page = msgspec.structs.replace(page, version=page.version + 1, **changes)
        self._store.put(page)
        self._maker.make(page, urgent=True)
        self._changed()

    def _move(self, _caller: rpc.Caller, parameters: calls.MoveParameters) -> None:
        """Towards the end of the document; towards its beginning by a negative number."""
        self._need_kept_open()
        page = self._need(parameters.page)
        pages = [one for one in self._store.now.pages if one.id != page.id]
        place = self._store.now.pages.index(page) + parameters.by
        pages.insert(max(0, min(place, len(pages))), page)
        self._store.change(pages=tuple(pages))
        self._changed()

    def _drop_page(self, _caller: rpc.Caller, parameters: calls.PageParameters) -> None:
        """Its files go at once."""
        self._need_kept_open()
        page = self._need(parameters.page)
        self._forget(frozenset({page.id}))

    def _forget(self, pages: frozenset[str]) -> None:
        self._maker.forget(pages)
        self._store.drop(pages)
        if not self._store.now.pages and self._stage is ScanStage.DONE:
            self._stage = ScanStage.READY
        self._changed()

    # -- what comes of them ----------------------------------------------------------------------------------

    async def _keep(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> calls.Kept:
        """Makes a document of the pages; they are gone then. Refused (stopped): they are all there."""
        self._need_idle()
        if not self._store.now.pages:
            raise rpc.Refused("no_scan_page")
        before = self._stage if self._stage is not ScanStage.PROBLEM else ScanStage.DONE
        self._enter(ScanStage.KEEPING)
        try:
            target, pages = await self._keeper.keep()
        except BaseException:
            self._enter(before)
            raise
        status = os.stat(target)
        self._forget(frozenset(page.id for page in pages))
        self._enter(ScanStage.READY)
        return calls.Kept(f"{status.st_dev:x}-{status.st_ino:x}")

    def _stop_keep(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """The pages stay what they are."""
        self._keeper.stop()

    def _come(self, percent: int) -> None:
        self._percent = percent
        self._changed()

    async def _picture(self, _caller: rpc.Caller, parameters: calls.PictureParameters) -> calls.PictureFile:
        """How a page looks, of the scan or of a document, in a file of raw RGB pixels: no larger than asked, in its own
        proportions.
        """
        page = self._store.find(parameters.of)
        if page is None:
            return await self._works.picture(parameters.of, parameters.page, parameters.width, parameters.height)
        if page.made == 0 or parameters.version != page.made or parameters.page != 1:
            raise rpc.Refused("no_picture")
        picture = await self._maker.picture(page, parameters.width, parameters.height)
        if picture is None:
            raise rpc.Refused("no_picture")
        return picture

    def _need(self, page: str) -> Page:
        found = self._store.find(page)
        if found is None:
            raise rpc.Refused("no_scan_page")
        return found

    def _need_idle(self) -> None:
        if self._stage in _IN_USE:
            raise rpc.Refused("scanning")
        self._need_kept_open()

    def _need_kept_open(self) -> None:
        if self._keeper.busy:
            raise rpc.Refused("scanning")
