"""What the desk has made of documents, by the real worker: twice, too late, and by a desk that died in between."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from session import rpc
from session.desk.papers import PapersDesk, Places
from session.desk.workshop import Workshop
from session.papers import FitStage, Paper, Papers
from tests.scanner.conftest import Sane, sane
from tests.scanner.test_works import page, pages_of, put
from tests.scanner.worker import Nothing, Worker
from tests.session.desk.test_scanner import a_worker
from tests.session.talk import until

__all__ = ["sane"]


class Room:
    """The desk's papers and its workshop, on the directories of a worker."""

    def __init__(self, one: Worker, run: Path) -> None:
        self.one = one
        (run / "given").mkdir(exist_ok=True)
        self.papers = PapersDesk(Places.beside(one.places.documents), lambda: None, self._changed)
        self.workshop = Workshop(run, self.papers, self._peeked)
        self.service = rpc.Service("org.marchepied.Desk")
        for part in (self.papers, self.workshop):
            part.offer(self.service, frozenset({os.getuid()}))
        self.socket = run / "desk"
        self._looking: asyncio.Handle | None = None

    @contextlib.asynccontextmanager
    async def _peeked(self, _file: str) -> AsyncIterator[str | None]:
        yield None

    def _changed(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looking = None
        self.papers.look(None)
        self.workshop.look(self.papers.now.documents or ())

    async def call(self, name: str, **parameters: object) -> None:
        client = await rpc.Client.connect(self.socket, self.service.interface)
        try:
            await client.call(name, Nothing, **parameters)
        finally:
            await client.close()

    async def put(self, name: str, count: int) -> Paper:
        """A document of so many pages, once it was looked at."""
        document = put(self.one, name, *(page() for _ in range(count)))
        self._changed()
        await self.until(lambda now: any(one.id == document and one.pages == count for one in now.documents or ()))
        return next(one for one in self.papers.now.documents or () if one.id == document)

    async def until(self, holds: Callable[[Papers], object]) -> Papers:
        await until(lambda: bool(holds(self.papers.now)), 30)
        return self.papers.now

    @property
    def hidden(self) -> list[str]:
        return [path.name for path in self.one.places.papers.iterdir() if path.name.startswith(".")]


@contextlib.asynccontextmanager
async def open_room(one: Worker, run: Path) -> AsyncIterator[Room]:
    opened = Room(one, run)
    await opened.service.start(opened.socket)
    running = asyncio.create_task(opened.workshop.run())
    try:
        await opened.until(lambda now: now.workable)
        yield opened
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await opened.service.stop()


@pytest.fixture
async def one(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    (tmp_path / "scanner").mkdir()
    async with a_worker(sane, tmp_path, monkeypatch) as started:
        yield started


@pytest.fixture
async def room(one: Worker, tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(one, tmp_path) as opened:
        yield opened


async def test_what_is_tapped_twice_is_done_once(room: Room) -> None:
    first, second = await room.put("a.pdf", 1), await room.put("b.pdf", 2)
    both = [first.id, second.id]
    await asyncio.gather(*(room.call("Merge", documents=both) for _ in range(3)))
    (merged,) = (await room.until(lambda now: len(now.documents or ()) == 1)).documents or ()
    (path,) = room.one.places.papers.iterdir()
    assert (pages_of(path), merged.name) == (3, "a.pdf")
    await asyncio.gather(*(room.call("Split", document=merged.id, page=2) for _ in range(3)))
    parts = (await room.until(lambda now: len(now.documents or ()) == 2)).documents or ()
    await room.until(lambda now: sorted(part.pages for part in now.documents or ()) == [1, 2])
    assert (len(parts), room.hidden) == (2, [])
    with pytest.raises(rpc.Refused, match="no_document"):
        await room.call("Merge", documents=[parts[0].id, parts[0].id])


async def test_what_was_deleted_meanwhile_does_not_come_back(room: Room) -> None:
    first, second = await room.put("a.pdf", 8), await room.put("b.pdf", 8)
    merging = asyncio.create_task(room.call("Merge", documents=[first.id, second.id]))
    await until(lambda: bool(room.hidden), 20)
    await room.call("Drop", document=second.id)
    with pytest.raises(rpc.Refused, match="no_document"):
        await merging
    assert (list(room.one.places.papers.iterdir()), [one.id for one in room.papers.now.documents or ()]) == (
        [],
        [first.id],
    )


async def test_what_is_made_to_fit_ends_with_its_document(room: Room) -> None:
    paper = await room.put("a.pdf", 6)
    await room.call("Fit", document=paper.id)
    await room.call("FitUnder", document=paper.id, limit=60_000)
    await until(lambda: bool(room.hidden), 20)
    await room.call("Drop", document=paper.id)
    assert (await room.until(lambda now: now.fit is None)).documents == ()
    await until(lambda: not room.hidden, 20)
    other = await room.put("b.pdf", 1)
    assert other.pages == 1, "nobody waits behind what nobody wants"


async def test_a_desk_that_dies_leaves_nothing_that_nobody_wants(one: Worker, tmp_path: Path) -> None:
    async with open_room(one, tmp_path) as room:
        paper = await room.put("a.pdf", 2)
        await room.call("Fit", document=paper.id)
        await room.call("FitUnder", document=paper.id, limit=200_000)
        await room.until(lambda now: now.fit is not None and now.fit.stage is FitStage.DONE)
        assert len(room.hidden) == 1
        long = await room.put("b.pdf", 6)
    fitting = asyncio.create_task(one.call("Fit", dict, document=long.id, limit=60_000))  # which the desk asked for
    await until(lambda: len(room.hidden) == 2, 20)
    async with open_room(one, tmp_path) as room:
        with pytest.raises(rpc.Refused, match="not_made"):
            await fitting
        assert (room.hidden, room.papers.now.fit) == ([], None)


async def test_pages_that_a_desk_that_died_had_kept_come_as_a_document(one: Worker, tmp_path: Path) -> None:
    await one.scan(source="feeder")
    await one.made()
    async with open_room(one, tmp_path) as room:
        keeping = asyncio.create_task(one.call("Keep", dict))  # which an earlier desk had asked for
        seen: list[Papers] = []
        async with contextlib.aclosing(room.papers._papers.follow()) as snapshots:
            async for now in snapshots:
                seen.append(now)
                if now.documents:
                    break
        await keeping
        pages = [len(now.scanner.pages) for now in seen if now.scanner is not None]
        assert (pages[0], pages[-2:]) == (10, [10, 0]), "they go, and it comes, in one snapshot"


async def test_many_documents_at_once_keep_nobody_out(room: Room) -> None:
    for number in range(50):
        (room.one.places.documents / f"{number}.pdf").write_bytes(b"%PDF-1.4" + os.urandom(200_000))
    room._changed()
    await room.until(lambda now: len(now.documents or ()) == 50)
    await asyncio.gather(*(room.call("Look") for _ in range(5)))
