"""The desk's side of the scan worker: what the screens ask of the scanner, and of what can be made of documents.

The worker may die at any moment and is started anew; what was scanned is there again then. No page and no document is
opened here: the worker finds them by their ids, and what it made is a new file among the papers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from scanner import calls
from scanner.model import Refusal, ScannerState
from session import rpc, wire
from session.desk.papers import PapersDesk
from session.desk.scanner import SOCKET, ScanDesk
from session.papers import FIT_LIMITS, Fit, FitStage, Paper, Reading, ReadStage

logger = logging.getLogger(__name__)

_OFFERED = 4
_AT_ONCE = 2
"""Documents that are asked about at a time: many that come together must not keep the screens' calls out."""
_FITTED = 2
"""Version of the picture of what came of making a document fit; the document's own is 1."""
_NAME = re.compile(r"\.[0-9a-f]{16}\.pdf")
_ERRORS = (OSError, wire.WireError, rpc.CallFailed, rpc.Denied)


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str


class _Under(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    limit: Annotated[int, Meta(ge=10_000, le=1_000_000_000)]


class Workshop:
    """`run` is the directory of the sockets; None: this station has no worker, and nothing of it is offered.

    `peeked` gives the id of a copy of a file on the key, for as long as it is entered.
    """

    def __init__(
        self, run: Path | None, papers: PapersDesk, peeked: Callable[[str], AbstractAsyncContextManager[str | None]]
    ) -> None:
        self._papers, self._peeked = papers, peeked
        self._socket = run / SOCKET if run is not None else None
        self._scanner = ScanDesk(run or Path(), self._heard, papers.together)
        self._tried: set[str] = set()
        """Documents that were asked about."""
        self._asking = asyncio.Semaphore(_AT_ONCE)
        self._worked: set[str] = set()
        """Documents that are being joined or cut: a second tap does not do it twice."""
        self._made: calls.Made | None = None
        """What came of making a document fit: no document yet."""
        self._fitting: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._works: set[asyncio.Task[None]] = set()

    def offer(self, service: rpc.Service, uids: frozenset[int]) -> None:
        """Adds its methods, and those of the scanner."""
        self._scanner.offer(service, uids)
        service.add("Picture", self._picture, parameters=calls.PictureParameters, uids=uids)
        service.add("Fit", self._fit, parameters=_Document, uids=uids)
        service.add("FitUnder", self._fit_under, parameters=_Under, uids=uids)
        service.add("KeepFit", self._keep_fit, parameters=_Document, uids=uids)
        service.add("LeaveFit", self._leave_fit, parameters=_Document, uids=uids)
        service.add("Merge", self._merge, parameters=calls.MergeParameters, uids=uids)
        service.add("Split", self._split, parameters=calls.SplitParameters, uids=uids)
        service.add("Read", self._read, parameters=calls.ReadParameters, uids=uids)
        service.add("LeaveReading", self._leave_reading, uids=uids)

    async def run(self) -> None:
        """Follows the worker, whenever there is one. Ends by cancellation."""
        if self._socket is None:
            return
        try:
            with contextlib.suppress(rpc.Refused):
                await self._scanner.ask("StopFit", rpc.NoParameters)  # of an earlier desk's
            await self._scanner.run()
        finally:
            for task in self._works:
                task.cancel()
            await asyncio.gather(*self._works, return_exceptions=True)

    def _heard(self, state: ScannerState) -> None:
        before = self._papers.now.scanner
        if before is not None and before.pages and not state.pages:
            with self._papers.together():  # their document is there, though a desk that died had asked for it
                self._papers.tell_scanner(state)
        else:
            self._papers.tell_scanner(state)
        if not self._papers.now.workable:
            self._papers.tell(workable=True)
            self._papers.changed()  # there may be documents that nobody could look at before

    def look(self, documents: tuple[Paper, ...]) -> None:
        """Asks about documents that are new: how many pages they have. What was at work on one that is gone ends."""
        there = {one.id for one in documents}
        fit, reading = self._papers.now.fit, self._papers.now.reading
        if fit is not None and fit.document not in there:
            self._soon(self._end_fit(fit))
        if reading is not None and reading.document not in there:
            self._end_reading()
        if not self._papers.now.workable:
            return
        for one in documents:
            if one.complete and one.id not in self._tried:
                self._tried.add(one.id)
                self._soon(self._describe(one.id))
        self._tried &= there

    async def _describe(self, document: str) -> None:
        try:
            async with self._asking:
                described = await self._scanner.ask("Describe", calls.Described, document=document)
        except rpc.Refused as refusal:
            if refusal.code == "away":
                self._tried.discard(document)  # the next worker is asked again
            elif refusal.code != "no_document":
                # What gave the worker more to do than it can is not named by anybody.
                self._papers.close(document, calls.refusal(refusal.code) or Refusal.TOO_LONG)
            return
        self._papers.describe(document, described.pages)

    # -- pictures ----------------------------------------------------------------------------------------------

    async def _picture(self, _caller: rpc.Caller, parameters: calls.PictureParameters) -> calls.PictureFile:
        """A page of the scan, of a document, of what came of making it fit, of a file on the key; in the directory of
        the pictures.
        """
        fit = self._papers.now.fit
        if fit is not None and self._made is not None:
            shown = (fit.document, fit.picture)
            if (parameters.of, parameters.version) == shown:
                return await self._pictured(self._made.document, parameters)
        async with self._peeked(parameters.of) as copy:
            return await self._pictured(copy or parameters.of, parameters)

    async def _pictured(self, of: str, parameters: calls.PictureParameters) -> calls.PictureFile:
        wanted = msgspec.to_builtins(msgspec.structs.replace(parameters, of=of))
        return await self._scanner.ask("Picture", calls.PictureFile, **wanted)

    # -- making it fit -----------------------------------------------------------------------------------------

    def _fit(self, _caller: rpc.Caller, parameters: _Document) -> None:
        """Begins: a limit is to be chosen."""
        self._papers.tell(fit=self._begun(parameters.document))

    def _begun(self, document: str) -> Fit:
        """What can be chosen; first what the site takes that asks for a document."""
        paper, picker = self._need(document), self._papers.now.picker
        smaller = [one for one in FIT_LIMITS if one < paper.size]
        site = picker.limit if picker is not None and picker.limit is not None and picker.limit < paper.size else 0
        limits = [site, *[one for one in smaller if one != site][1 - _OFFERED :]] if site else smaller[-_OFFERED:]
        if not limits:
            raise rpc.Refused("small_enough")
        return Fit(paper.id, FitStage.ASKING, tuple(limits), site)

    def _fit_under(self, _caller: rpc.Caller, parameters: _Under) -> None:
        """Under a limit that was chosen, or that a site has."""
        fit = self._papers.now.fit
        if fit is None or fit.document != parameters.document:
            fit = self._begun(parameters.document)
        if fit.stage is FitStage.WORKING:
            return
        self._forget_made()
        working = Fit(fit.document, FitStage.WORKING, fit.limits, fit.site, parameters.limit)
        self._papers.tell(fit=working)
        self._fitting = self._soon(self._made_fit(working))

    async def _made_fit(self, fit: Fit) -> None:
        """`fit` is as it was begun: one that was left, or begun anew, is not this one's."""
        asked = {"document": fit.document, "limit": fit.limit}
        try:
            async with contextlib.aclosing(self._scanner.stream("Fit", calls.Fitting, **asked)) as steps:
                async for step in steps:
                    self._come(fit, step)
        except (*_ERRORS, rpc.Refused) as error:
            code = error.code if isinstance(error, rpc.Refused) else ""
            logger.info("a document cannot be made to fit: %s", code or type(error).__name__)
            # What cannot be made to fit at all is nothing that a smaller limit would help.
            self._tell_fit(fit, stage=FitStage.FAILED, why=calls.refusal(code))

    def _come(self, fit: Fit, step: calls.Fitting) -> None:
        made, too_small = step.made, step.too_small
        if made is not None and not (self._of(fit) and _NAME.fullmatch(made.name)):
            self._papers.remove_hidden(made.name)
        elif made is not None:
            self._made = made
            lost = step.lost_colour
            self._tell_fit(fit, stage=FitStage.DONE, size=made.size, picture=_FITTED, lost_colour=lost)
        elif too_small is not None:
            help_ = msgspec.structs.asdict(too_small)
            self._tell_fit(fit, stage=FitStage.UNREADABLE, **help_)
        else:
            self._tell_fit(fit, percent=step.percent)

    def _of(self, fit: Fit) -> bool:
        """Whether this is what the visitor waits for."""
        now = self._papers.now.fit
        return now is not None and msgspec.structs.replace(now, percent=None) == fit

    def _tell_fit(self, fit: Fit, **come: object) -> None:
        if self._of(fit):
            self._papers.tell(fit=msgspec.structs.replace(fit, **come))

    def _keep_fit(self, _caller: rpc.Caller, parameters: _Document) -> None:
        """Puts what came of it in the document's place."""
        fit = self._need_fit(parameters.document)
        if fit.stage is not FitStage.DONE or self._made is None:
            raise rpc.Refused("busy")
        self._papers.replace(fit.document, self._made.name, self._made.document)
        self._made = None
        self._papers.tell(fit=None)

    async def _leave_fit(self, _caller: rpc.Caller, parameters: _Document) -> None:
        fit = self._papers.now.fit
        if fit is not None and fit.document == parameters.document:
            await self._end_fit(fit)

    async def _end_fit(self, fit: Fit) -> None:
        if self._papers.now.fit != fit:
            return
        self._papers.tell(fit=None)
        self._forget_made()
        if fit.stage is FitStage.WORKING:
            with contextlib.suppress(rpc.Refused):
                await self._scanner.ask("StopFit", rpc.NoParameters)

    def _forget_made(self) -> None:
        if self._made is not None:
            self._papers.remove_hidden(self._made.name)
            self._made = None

    def _need_fit(self, document: str) -> Fit:
        fit = self._papers.now.fit
        if fit is None or fit.document != document:
            raise rpc.Refused("no_document")
        return fit

    # -- joining, cutting, reading -----------------------------------------------------------------------------

    async def _merge(self, _caller: rpc.Caller, parameters: calls.MergeParameters) -> None:
        """One document in the place of these."""
        papers = [self._need(one) for one in dict.fromkeys(parameters.documents)]
        if len(papers) < len(parameters.documents):
            raise rpc.Refused("no_document")
        with self._working(papers) as alone:
            if not alone:
                return
            made = await self._scanner.ask("Merge", calls.Made, documents=list(parameters.documents))
            with self._wanted(made):
                for one in papers:
                    self._need(one.id)  # or one was deleted meanwhile, and must not come back
                self._papers.replace(papers[0].id, made.name, made.document)
            for one in papers[1:]:
                self._papers.remove(one.id)

    async def _split(self, _caller: rpc.Caller, parameters: calls.SplitParameters) -> None:
        paper = self._need(parameters.document)
        with self._working([paper]) as alone:
            if not alone:
                return
            parts = await self._scanner.ask("Split", calls.Parts, document=paper.id, page=parameters.page)
            with self._wanted(parts.first, parts.second):
                self._papers.replace(paper.id, parts.first.name, parts.first.document)
                self._papers.show(parts.second.name)

    @contextlib.contextmanager
    def _working(self, papers: list[Paper]) -> Iterator[bool]:
        """False while one of them is being worked on already."""
        documents = {one.id for one in papers}
        if documents & self._worked:
            yield False
            return
        self._worked |= documents
        try:
            yield True
        finally:
            self._worked -= documents

    @contextlib.contextmanager
    def _wanted(self, *made: calls.Made) -> Iterator[None]:
        """What was made goes away again where it cannot become a document."""
        try:
            yield
        except rpc.Refused:
            for one in made:
                self._papers.remove_hidden(one.name)
            raise

    def _read(self, _caller: rpc.Caller, parameters: calls.ReadParameters) -> None:
        """Reads a page: its words come with the snapshots."""
        paper = self._need(parameters.document)
        self._stop_reading()
        reading = Reading(paper.id, parameters.page, ReadStage.WORKING)
        self._papers.tell(reading=reading)
        self._reading = self._soon(self._read_page(reading))

    async def _read_page(self, reading: Reading) -> None:
        lines: tuple[str, ...] = ()
        stage, why = ReadStage.FAILED, None
        try:
            parameters = {"document": reading.document, "page": reading.page}
            async with contextlib.aclosing(self._scanner.stream("Read", calls.Text, **parameters)) as texts:
                async for text in texts:
                    lines = text.lines
                    if text.whole:
                        stage = ReadStage.DONE if lines else ReadStage.NOTHING
                        break
                    self._papers.tell(reading=msgspec.structs.replace(reading, lines=lines))
        except (*_ERRORS, rpc.Refused) as error:
            logger.info("a page cannot be read: %s", type(error).__name__)
            why = calls.refusal(error.code) if isinstance(error, rpc.Refused) else None
        self._papers.tell(reading=msgspec.structs.replace(reading, stage=stage, lines=lines, why=why))

    def _leave_reading(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        self._end_reading()

    def _end_reading(self) -> None:
        self._stop_reading()
        self._papers.tell(reading=None)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    # -- means -------------------------------------------------------------------------------------------------

    def _need(self, document: str) -> Paper:
        for one in self._papers.now.documents or ():
            if one.id == document and one.complete:
                return one
        raise rpc.Refused("no_document")

    def _soon(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return task
