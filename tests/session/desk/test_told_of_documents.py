"""What the desk tells of documents that are worked on, with the real scan worker at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scanner.model import Refusal
from session import rpc
from session.browser.filechooser import Asked, Front
from session.desk import scanner as scan_desk
from session.desk.papers import PapersDesk, Places
from session.desk.workshop import Workshop
from session.papers import Fit, FitStage, Paper, Papers, ReadStage
from tests.scanner.conftest import Sane, sane
from tests.scanner.test_refused import REFUSED, piece
from tests.scanner.worker import Nothing, worker
from tests.session.talk import until

__all__ = ["sane"]

INTERFACE = "org.marchepied.Desk"


@contextlib.asynccontextmanager
async def _none(_file: str) -> AsyncIterator[str | None]:
    yield None


class Desk:
    """The desk's papers and its workshop, without a browser: looked over at each change."""

    def __init__(self, home: Path) -> None:
        self.places = Places.beside(home / "documents")
        for directory in self.places[:3]:
            directory.mkdir(exist_ok=True)
        self.papers = PapersDesk(self.places, lambda: None, self._changed)
        self.workshop = Workshop(home, self.papers, _none)
        self.service = rpc.Service(INTERFACE)
        own = frozenset({os.getuid()})
        self.papers.offer(self.service, own)
        self.workshop.offer(self.service, own)
        self.socket = home / "desk"
        self.percents: list[int] = []

    def _changed(self) -> None:
        asyncio.get_running_loop().call_soon(self.look)

    def look(self) -> None:
        self.papers.look({"p"})
        self.workshop.look(self.now.documents or ())

    @property
    def now(self) -> Papers:
        return self.papers.now

    async def lay(self, name: str, content: bytes | Image.Image, *more: Image.Image) -> Paper:
        """A document, once the worker has looked at it."""
        path = self.places.documents / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path, save_all=True, append_images=more, resolution=150, quality=95)
        self.look()

        def found() -> list[Paper]:
            return [one for one in self.now.documents or () if one.name == name and (one.pages or one.closed)]

        await until(lambda: bool(found()), 20)
        return found()[0]

    async def call(self, name: str, **parameters: Any) -> str | None:
        """The code of the refusal, if it is one."""
        client = await rpc.Client.connect(self.socket, INTERFACE)
        try:
            await client.call(name, Nothing, **parameters)
        except rpc.Refused as refused:
            return refused.code
        finally:
            await client.close()
        return None

    async def fitted(self, holds: Callable[[Fit], bool]) -> Fit:
        def held() -> bool:
            fit = self.now.fit
            if fit is not None and fit.percent is not None:
                self.percents.append(fit.percent)
            return fit is not None and holds(fit)

        await until(held, 30)
        assert self.now.fit is not None
        return self.now.fit


@pytest.fixture
async def desk(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    (tmp_path / "scanner").mkdir()
    async with worker(sane, tmp_path, monkeypatch, socket=tmp_path / scan_desk.SOCKET):
        desk = Desk(tmp_path)
        await desk.service.start(desk.socket)
        following = asyncio.create_task(desk.workshop.run())
        await until(lambda: desk.now.workable, 20)
        yield desk
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await desk.service.stop()


async def test_what_cannot_be_opened_says_why(desk: Desk) -> None:
    whole = await desk.lay("entier.pdf", piece())
    assert (whole.closed, whole.pages, whole.picture) == (None, 1, 1)
    for why in (Refusal.LOCKED, Refusal.KIND, Refusal.BROKEN):
        paper = await desk.lay(why, REFUSED[why]())
        assert (paper.closed, paper.pages, paper.picture) == (why, 0, 0)
        assert await desk.call("Merge", documents=[whole.id, paper.id]) == f"document_{why}"
        assert await desk.call("Split", document=paper.id, page=2) == f"document_{why}"
        assert await desk.call("Read", document=paper.id) is None
        await until(lambda: desk.now.reading is not None and desk.now.reading.stage is ReadStage.FAILED, 20)
        assert desk.now.reading is not None
        assert desk.now.reading.why is why
        assert await desk.call("LeaveReading") is None
    assert await desk.call("Drop", document=whole.id) is None


async def test_making_it_fit_tells_how_far_it_is_and_what_would_help(desk: Desk) -> None:
    paper = await desk.lay("lourd.pdf", *(piece(number) for number in range(3)))
    assert await desk.call("Fit", document=paper.id) is None
    asking = await desk.fitted(lambda fit: fit.stage is FitStage.ASKING)
    assert (asking.limits, asking.site) == ((200_000, 500_000), 0)
    assert await desk.call("FitUnder", document=paper.id, limit=26_000) is None
    small = await desk.fitted(lambda fit: fit.stage is FitStage.UNREADABLE)
    assert (small.parts, small.pages) == (2, 2)
    assert 26_000 < small.smallest < 40_000
    assert len(set(desk.percents)) > 1
    assert await desk.call("FitUnder", document=paper.id, limit=200_000) is None
    done = await desk.fitted(lambda fit: fit.stage is FitStage.DONE)
    assert (done.parts, done.pages, done.smallest, done.lost_colour) == (0, 0, 0, False)
    assert done.size <= 200_000
    assert await desk.call("LeaveFit", document=paper.id) is None
    assert desk.now.fit is None
    assert list(desk.places.papers.iterdir()) == []


async def test_making_it_fit_is_left_in_the_middle(desk: Desk) -> None:
    paper = await desk.lay("lourd.pdf", *(piece(number) for number in range(6)))
    assert await desk.call("FitUnder", document=paper.id, limit=30_000) is None
    await desk.fitted(lambda fit: fit.percent is not None)
    assert await desk.call("LeaveFit", document=paper.id) is None
    await until(lambda: list(desk.places.papers.iterdir()) == [], 20)
    assert desk.now.fit is None
    assert [one.id for one in desk.now.documents or ()] == [paper.id]


async def test_what_the_site_takes_is_offered_first(desk: Desk) -> None:
    paper = await desk.lay("lourd.pdf", *(piece(number) for number in range(3)))
    desk.papers.chooser.asked = (Asked("a", "/h", ":1.1", Front("p", "Site", 300_000)),)
    desk.look()
    assert await desk.call("Fit", document=paper.id) is None
    asking = await desk.fitted(lambda fit: fit.stage is FitStage.ASKING)
    assert (asking.limits, asking.site) == ((300_000, 200_000, 500_000), 300_000)
    # From the picker that limit is chosen already.
    assert await desk.call("LeaveFit", document=paper.id) is None
    assert await desk.call("FitUnder", document=paper.id, limit=300_000) is None
    await desk.fitted(lambda fit: fit.stage is FitStage.DONE)
    assert await desk.call("KeepFit", document=paper.id) is None
    await until(lambda: desk.now.picker is not None and [c.unfit for c in desk.now.picker.choices] == [None], 20)
    (made,) = desk.now.documents or ()
    assert made.size <= 300_000
    assert made.name == paper.name
