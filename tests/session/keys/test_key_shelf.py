"""A key and the documents: what is taken, copied and looked at, asked by the screens' calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from session import rpc
from session.desk.keys import KeyShelf
from session.desk.papers import PapersDesk, Places
from session.environment.tree import Tree
from session.papers import KeyStage, KeyState, Origin
from tests.session.keys.conftest import Bench
from tests.session.keys.key import JPG, MACHINERY, PDF, loop, make
from tests.session.talk import Line, pair, until

DESK = "org.marchepied.Desk"


class Held:
    def __init__(self, bench: Bench, home: Path) -> None:
        home.mkdir()
        places = Places.beside(home / "documents")
        for directory in places[:3]:
            directory.mkdir()
        run = Tree(bench.place.tree(bench.generation)).sockets
        (run / "control").symlink_to(bench.control)
        self.papers = PapersDesk(places, lambda: None, lambda: None)
        self.shelf = KeyShelf(run, self.papers)
        self.service = rpc.Service(DESK)
        for room in (self.papers, self.shelf):
            room.offer(self.service, frozenset({0}))

    @property
    def key(self) -> KeyState:
        assert self.papers.now.key is not None
        return self.papers.now.key

    async def stage(self, stage: KeyStage) -> None:
        await until(lambda: self.papers.now.key is not None and self.key.stage is stage, 20)


@pytest.fixture
async def held(bench: Bench, tmp_path: Path) -> AsyncIterator[Held]:
    await bench.stop_desk()
    held = Held(bench, tmp_path / "home")
    running = asyncio.create_task(held.shelf.run())
    yield held
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def line(held: Held) -> AsyncIterator[Line]:
    async with pair(held.service) as one:
        yield one


async def test_what_is_on_a_key_is_taken_looked_at_and_copied_to_it(
    bench: Bench, held: Held, line: Line, tmp_path: Path
) -> None:
    with loop(make(tmp_path / "key", MACHINERY, {"lettre.pdf": PDF, "photo.jpg": JPG})) as device:
        bench.plug(device)
        await held.stage(KeyStage.READY)
        files = {one.name: one for one in held.key.files}
        assert {name: one.picture for name, one in files.items()} == {"lettre.pdf": 1, "photo.jpg": 1}
        async with held.shelf.peeked(files["photo.jpg"].id) as copy:
            assert copy is not None
            assert held.papers.look(None) == (), "it is no document"
            assert [path.read_bytes() for path in held.papers.made_here.iterdir()] == [JPG]
        assert list(held.papers.made_here.iterdir()) == []
        async with held.shelf.peeked("nothing") as none:
            assert none is None
        await line.call(f"{DESK}.TakeFromKey", {"file": files["lettre.pdf"].id})
        await until(lambda: bool(held.papers.look(None)), 20)
        assert [path.stat().st_mode & 0o777 for path in held.papers.made_here.iterdir()] == [0o640], "the works' too"
        (paper,) = held.papers.now.documents or ()
        assert (paper.origin, paper.name, paper.size, paper.used) == (Origin.KEY, "lettre.pdf", len(PDF), False)
        await held.stage(KeyStage.READY)
        await line.call(f"{DESK}.CopyToKey", {"documents": [{"document": paper.id, "name": "Avis d'imposition"}]})
        await held.stage(KeyStage.DONE)
        held.papers.look(None)
        assert [one.used for one in held.papers.now.documents or ()] == [True]
        await line.call(f"{DESK}.LeaveKey", {})
        await held.stage(KeyStage.READY)
        assert "Avis d'imposition.pdf" in {one.name for one in held.key.files}
        bench.unplug()
        await held.stage(KeyStage.NONE)


async def test_a_file_of_which_no_picture_comes_is_not_fetched_again(bench: Bench, held: Held, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, {"lettre.pdf": PDF})) as device:
        bench.plug(device)
        await held.stage(KeyStage.READY)
        file = held.key.files[0].id
        with pytest.raises(rpc.Refused):
            async with held.shelf.peeked(file):
                raise rpc.Refused("no_picture")
        async with held.shelf.peeked(file) as again:
            assert again is None
        bench.unplug()
        await held.stage(KeyStage.NONE)
