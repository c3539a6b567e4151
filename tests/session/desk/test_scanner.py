"""The desk's end of the line to the scan worker, with the real worker at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from scanner.model import ScannerState, ScanProblem, ScanStage
from session import rpc
from session.desk import scanner as scan_desk
from session.desk.scanner import ScanDesk
from tests.scanner.conftest import Sane, sane
from tests.scanner.worker import Nothing, Worker, worker
from tests.session.talk import until

__all__ = ["sane"]


class Desk:
    def __init__(self, run: Path) -> None:
        self.states: list[ScannerState] = []
        self.kept = 0
        self.scan = ScanDesk(run, self.states.append, self._keeping)
        self.service = rpc.Service("org.marchepied.Desk")
        self.scan.offer(self.service, frozenset({os.getuid()}))
        self.socket = run / "desk"

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        yield
        self.kept += not self.states[-1].pages

    async def call(self, name: str, **parameters: object) -> None:
        client = await rpc.Client.connect(self.socket, "org.marchepied.Desk")
        try:
            await client.call(name, Nothing, **parameters)
        finally:
            await client.close()

    async def until(self, holds: Callable[[ScannerState], bool]) -> ScannerState:
        await until(lambda: bool(self.states) and holds(self.states[-1]), 20)
        return self.states[-1]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "scanner").mkdir()
    desk = Desk(tmp_path)
    await desk.service.start(desk.socket)
    following = asyncio.create_task(desk.scan.run())
    yield desk
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await desk.service.stop()


@contextlib.asynccontextmanager
async def a_worker(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    async with worker(sane, tmp_path, monkeypatch, socket=tmp_path / scan_desk.SOCKET) as one:
        yield one


async def test_every_call_reaches_the_worker(
    desk: Desk, sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_worker(sane, tmp_path, monkeypatch) as one:
        assert await desk.until(lambda _: True) == ScannerState(), "there is one, and it is ready"
        await desk.call("Look")
        await until(lambda: [state.stage for state in desk.states][1:] == [ScanStage.LOOKING, ScanStage.READY], 20)
        await desk.call("Scan")
        pages = (await desk.until(lambda state: state.stage is ScanStage.DONE)).pages
        assert len(pages) == 10
        first, last = pages[0].id, pages[-1].id
        await desk.call("Move", page=first, by=9)
        await desk.until(lambda state: state.pages[-1].id == first)
        await desk.call("DropPage", page=last)
        await desk.until(lambda state: len(state.pages) == 9)
        await desk.call("Turn", page=first)
        await desk.until(lambda state: state.pages[-1].picture == 2)
        await desk.call("Correct", page=first, correction="cropped", on=False)
        await desk.until(lambda state: state.pages[-1].picture == 3)
        picture = await one.picture(first, 3, 100, 100)
        assert (tmp_path / "pictures" / picture.name).stat().st_size == 3 * picture.width * picture.height
        await desk.call("Retake", page=first)
        await desk.until(lambda state: state.pages[-1].picture == 4)
        await desk.until(lambda state: state.stage is ScanStage.DONE)
        await desk.call("Card", on=True)
        await desk.until(lambda state: state.card)
        await desk.call("StopScan")
        with pytest.raises(rpc.Refused, match="no_scan_page"):
            await desk.call("Turn", page=last)
        keeping = asyncio.create_task(desk.call("Keep"))
        await desk.until(lambda state: state.stage is ScanStage.KEEPING)
        await desk.call("StopKeep")
        await keeping
        stopped = await desk.until(lambda state: state.stage is not ScanStage.KEEPING)
        assert (len(stopped.pages), desk.kept) == (9, 0)
        await desk.call("Keep")
        assert len(list(one.places.papers.iterdir())) == 1
        assert desk.kept == 1


async def test_a_worker_that_comes_and_goes(
    desk: Desk, sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_desk, "AWAY_SECONDS", 0.6)
    with pytest.raises(rpc.Refused, match="away"):
        await desk.call("Scan")
    sane.use("test", read_delay="true", read_delay_duration=50_000)
    async with a_worker(sane, tmp_path, monkeypatch):
        await desk.until(lambda state: state.stage is ScanStage.READY)
        await desk.call("Scan")
        await desk.until(lambda state: bool(state.pages) and state.stage is ScanStage.SCANNING)
    pages = desk.states[-1].pages
    began = len(desk.states)
    gone = await desk.until(lambda state: state.stage is ScanStage.PROBLEM)
    assert (gone.problem, gone.pages) == (ScanProblem.FAILED, pages)
    assert ScanStage.LOOKING in [state.stage for state in desk.states[began - 1 :]]
    async with a_worker(sane, tmp_path, monkeypatch):
        back = await desk.until(lambda state: state.stage is ScanStage.DONE)
        assert [page.id for page in back.pages][: len(pages)] == [page.id for page in pages]
