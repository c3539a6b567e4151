"""The works: what is done with whole documents, the visitor's own and ours. The desk asks; the press does it.

Documents are named by the ids that `session.desk.documents` gives them, found anew each time in the directories that
this worker sees. What comes of them is written beside what was scanned: the desk decides what becomes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from scanner import calls
from scanner.document.model import Refused
from scanner.messages import Come, Count, Draw, Fit, Fitted, Merge, Read, Split, Unreadable, Words
from scanner.model import DOCUMENT_REFUSED
from scanner.pictures import Pictures
from scanner.presses import Press
from scanner.raster import PART, part_of
from session import rpc


class Works:
    """`directories` are searched; what is made goes into the first, under a name that shows it to nobody yet."""

    def __init__(self, press: Press, pictures: Pictures, *directories: Path) -> None:
        self._press, self._pictures, self._directories = press, pictures, directories
        for half in directories[0].glob(f".*{PART}"):
            half.unlink(missing_ok=True)  # an earlier worker died over it

    def offer(self, service: rpc.Service, uids: frozenset[int]) -> None:
        """Adds its methods."""
        service.add("Describe", self._describe, parameters=calls.DocumentParameters, uids=uids)
        service.add("Fit", self._fit, parameters=calls.FitParameters, uids=uids)
        service.add("StopFit", self._stop_fit, uids=uids)
        service.add("Merge", self._merge, parameters=calls.MergeParameters, uids=uids)
        service.add("Split", self._split, parameters=calls.SplitParameters, uids=uids)
        service.add("Read", self._read, parameters=calls.ReadParameters, uids=uids)
        service.add("StopReading", self._stop_reading, uids=uids)

    async def picture(self, of: str, page: int, width: int, height: int) -> calls.PictureFile:
        """A page of a document, made at most once in this size. Raises Refused: no_picture."""
        name = f"{of}-{page}-{width}x{height}"
        size = self._pictures.size(name)
        if size is None:
            path = self._find(of, "no_picture")
            shown = None
            with contextlib.suppress(Refused):
                shown = await self._press.draw(Draw(path, page, width, height, str(self._pictures.path(name))))
            if shown is None:
                raise rpc.Refused("no_picture")
            size = (shown.width, shown.height)
            self._pictures.add(name, *size)
        return calls.PictureFile(name, *size)

    async def _describe(self, _caller: rpc.Caller, parameters: calls.DocumentParameters) -> calls.Described:
        """Refused: `DOCUMENT_REFUSED` and why it is not opened here; not_made, where that is not known."""
        with _told():
            counted = await self._press.count(Count(self._find(parameters.document)))
        if counted is None:
            raise rpc.Refused("not_made")
        return calls.Described(counted.pages)

    async def _fit(self, _caller: rpc.Caller, parameters: calls.FitParameters) -> AsyncIterator[calls.Fitting]:
        """How far it is, and what comes of it. Refused: as `Describe`."""
        file = self._find(parameters.document)
        come: asyncio.Queue[Words | Come | None] = asyncio.Queue()
        with self._targets(1) as (target,):
            fitting = asyncio.create_task(self._press.fit(Fit(file, parameters.limit, str(target)), come.put_nowait))
            fitting.add_done_callback(lambda _task: come.put_nowait(None))
            try:
                while (said := await come.get()) is not None:
                    if isinstance(said, Come):
                        yield calls.Fitting(said.percent)
                match fitting.result():
                    case Fitted(_, lost_colour):
                        yield calls.Fitting(100, _made(target), lost_colour)
                    case Unreadable(parts, pages, smallest):
                        yield calls.Fitting(100, too_small=calls.TooSmall(parts, pages, smallest))
                    case None:
                        raise rpc.Refused("not_made")
            finally:
                if not fitting.done():  # nobody waits for it any more
                    self._press.drop((Fit,))
                    await asyncio.wait({fitting})

    def _stop_fit(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        self._press.drop((Fit,))

    async def _merge(self, _caller: rpc.Caller, parameters: calls.MergeParameters) -> calls.Made:
        files = tuple(self._find(one) for one in parameters.documents)
        with self._targets(1) as (target,):
            if await self._press.bind(Merge(files, str(target))) is None:
                raise rpc.Refused("not_made")
            return _made(target)

    async def _split(self, _caller: rpc.Caller, parameters: calls.SplitParameters) -> calls.Parts:
        file = self._find(parameters.document)
        with self._targets(2) as (first, second):
            if await self._press.bind(Split(file, parameters.page, str(first), str(second))) is None:
                raise rpc.Refused("not_made")
            return calls.Parts(_made(first), _made(second))

    async def _read(self, _caller: rpc.Caller, parameters: calls.ReadParameters) -> AsyncIterator[calls.Text]:
        """What is written on a page, as it is found; the last one is `whole`. Another one ends this one."""
        self._press.drop((Read,))
        task = Read(self._find(parameters.document), parameters.page)
        found: asyncio.Queue[Words | Come | None] = asyncio.Queue()
        reading = asyncio.create_task(self._press.read(task, found.put_nowait))
        reading.add_done_callback(lambda _task: found.put_nowait(None))
        try:
            while (words := await found.get()) is not None:
                if isinstance(words, Words):
                    yield calls.Text(words.lines)
            with _told():
                whole = reading.result() if not reading.cancelled() else None
            if whole is None:
                raise rpc.Refused("not_made")
            yield calls.Text(whole.lines, whole=True)
        finally:
            if not reading.done():
                self._press.drop((Read,))
                reading.cancel()

    def _stop_reading(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        self._press.drop((Read,))

    def _find(self, document: str, refusal: str = "no_document") -> bytes:
        for directory in self._directories:
            with contextlib.suppress(OSError), os.scandir(os.fsencode(directory)) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode) and _id(status) == document:
                            return entry.path
        raise rpc.Refused(refusal)

    @contextlib.contextmanager
    def _targets(self, count: int) -> Iterator[list[Path]]:
        """Names for what is to be made. Nothing is left of it where it was not made: a press that was ended, because it
        took too long or because nobody wanted it any more, could not take away what it had begun.
        """
        targets = [self._directories[0] / f".{secrets.token_hex(8)}.pdf" for _ in range(count)]
        try:
            with _told():
                yield targets
        except BaseException:
            for target in targets:
                part_of(target).unlink(missing_ok=True)  # first: it may become the other to the last
                target.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Why nothing is made of a document goes to whoever asked."""
    try:
        yield
    except Refused as refused:
        raise rpc.Refused(f"{DOCUMENT_REFUSED}{refused.code}") from None


def _id(status: os.stat_result) -> str:
    return f"{status.st_dev:x}-{status.st_ino:x}"


def _made(path: Path) -> calls.Made:
    status = path.stat()
    return calls.Made(_id(status), path.name, status.st_size)
