"""A daemon's and a desk's part of keys, in an environment of this test's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from session import rpc
from session.environment.cgroup import find_base
from session.environment.mounts import mount_tmpfs, mounted_below, unmount
from session.environment.tree import Tree
from session.environment.users import Users
from session.keys import door as door_module
from session.keys.control import KeyControl
from session.keys.desk import Arrived, KeyDesk, Outgoing
from session.keys.filesystems import KINDS
from session.keys.port import Port
from session.model import Snapshot, State
from session.papers import KeyProblem, KeyStage
from session.wipe import Outcome, Place, Wipe
from tests.session.keys.key import STAND_IN, plug_of
from tests.session.talk import as_user, until

USERS = Users(64_700)


class Bench:
    """An environment in a session, the daemon's part of keys, and a desk."""

    def __init__(self, place: Place, directory: Path) -> None:
        self.place, self.documents = place, directory
        self.port = Port(place, {**KINDS, **STAND_IN})
        self.service = rpc.Service("org.marchepied.Session")
        KeyControl(self.service, self.port, frozenset({0}), lambda _caller: None)
        self.control = directory / "control"
        self.arrived: list[Arrived] = []
        self.copied: list[str] = []
        self.stages: list[KeyStage] = []
        self.sequence = 0
        self.generation = 0
        self.desk: KeyDesk
        self._running: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """The next session, with a desk of its own."""
        await self.build()
        await self.start_desk()
        self.port.follow(Snapshot(generation=self.generation, state=State.ACTIVE))

    async def build(self) -> None:
        """The next environment."""
        self.generation += 1
        self.place.cgroup(self.generation).create()
        tree = Tree(self.place.tree(self.generation))
        await mount_tmpfs(tree.root, 64, 2_000)
        tree.sockets.mkdir(mode=0o711)

    async def start_desk(self) -> None:
        await self.stop_desk()
        sockets = Tree(self.place.tree(self.generation)).sockets
        taken = self.documents / "taken"
        taken.mkdir(exist_ok=True)
        self.desk = KeyDesk(self.control, sockets, taken, self._changed, self.arrived.append, self.copied.extend)
        self._running = asyncio.create_task(self.desk.run())

    async def stop_desk(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    def _changed(self) -> None:
        self.stages.append(self.desk.state.stage)

    async def end(self) -> Outcome:
        """The session's end, as the daemon makes it: nothing of a key is asked to go first."""
        self.port.abandon()
        wipe = Wipe(self.place, self.place.generations())
        await wipe.empty()
        outcome = await wipe.finish()
        await self.stop_desk()
        return outcome

    def plug(self, *devices: str) -> None:
        self.sequence += 1
        self.port.present((plug_of(*devices, sequence=self.sequence),))

    def unplug(self) -> None:
        self.port.present(())

    async def stage(self, stage: KeyStage, seconds: float = 20.0) -> None:
        with contextlib.suppress(TimeoutError):
            await until(lambda: self.desk.state.stage is stage, seconds)
        assert self.desk.state.stage is stage, self.desk.state

    async def problem(self, problem: KeyProblem) -> None:
        with contextlib.suppress(TimeoutError):
            await until(lambda: self.desk.state.problem is problem, 20)
        assert self.desk.state.problem is problem, self.desk.state

    def document(self, name: str, content: bytes) -> Outgoing:
        path = self.documents / name
        path.write_bytes(content)
        return Outgoing(id=name, path=path, name=name)

    def names(self) -> list[str]:
        return [file.name for file in self.desk.state.files]


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    enter: Callable[[Path], socket.socket] = door_module.enter

    def as_screen(door: Path) -> socket.socket:
        with as_user(USERS.screen):
            return enter(door)

    monkeypatch.setattr(door_module, "enter", as_screen)
    base = find_base(f"marchepied-test-{os.getpid()}")
    place = Place(tmp_path / "environment", base, USERS)
    bench = Bench(place, tmp_path)
    await bench.service.start(bench.control)
    bench.port.present(())
    await bench.begin()
    yield bench
    await bench.end()
    await bench.service.stop()
    await bench.port.close()
    for generation in place.generations():
        assert await place.cgroup(generation).kill()
        for point in mounted_below(place.tree(generation)):
            await unmount(point)
        assert place.cgroup(generation).remove()
    with contextlib.suppress(FileNotFoundError):
        base.rmdir()
