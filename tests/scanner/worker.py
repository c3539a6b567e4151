"""The scan worker's supervisor, in the test's own loop, with its real children and its real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from scanner import calls
from scanner.children import Patience
from scanner.model import ScannerSettings, ScannerState, ScanStage
from scanner.store import Places
from scanner.supervisor import Supervisor
from session import rpc
from tests.scanner.conftest import Sane
from tests.session.talk import until

SETTINGS = ScannerSettings(resolution=50, asker=os.getuid())
IN_USE = (ScanStage.LOOKING, ScanStage.SCANNING)


class Nothing(msgspec.Struct, frozen=True):
    pass


class Worker:
    def __init__(self, supervisor: Supervisor, places: Places, socket: Path) -> None:
        self.supervisor, self.places, self.socket = supervisor, places, socket
        self.states: list[ScannerState] = []
        self._news = asyncio.Event()

    @property
    def state(self) -> ScannerState:
        return self.states[-1]

    async def follow(self) -> None:
        client = await rpc.Client.connect(self.socket, calls.INTERFACE)
        try:
            async for state in client.stream("Watch", ScannerState):
                self.states.append(state)
                self._news.set()
        finally:
            await client.close()

    async def until(self, holds: Callable[[ScannerState], bool], seconds: float = 40.0) -> ScannerState:
        """The first state from now on of which it holds."""
        try:
            async with asyncio.timeout(seconds):
                while not (self.states and holds(self.state)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"it did not come; the last states: {self.states[-4:]}") from None
        return self.state

    async def call(self, name: str, kind: type[Any] = Nothing, /, **parameters: Any) -> Any:
        client = await rpc.Client.connect(self.socket, calls.INTERFACE)
        try:
            return await client.call(name, kind, **parameters)
        finally:
            await client.close()

    async def scan(self, **parameters: Any) -> ScannerState:
        """One use of the scanner, to its end."""
        begun = len(self.states)
        await self.call("Scan", **parameters)
        await self.until(lambda _: any(state.stage in IN_USE for state in self.states[begun:]))
        return await self.until(lambda state: state.stage not in IN_USE)

    async def made(self) -> ScannerState:
        """Once every page is there to be seen."""
        return await self.until(lambda state: all(page.picture for page in state.pages))

    async def picture(self, page: str, version: int, width: int = 200, height: int = 200) -> calls.PictureFile:
        size = {"width": width, "height": height}
        shown: calls.PictureFile = await self.call("Picture", calls.PictureFile, of=page, version=version, **size)
        return shown


@contextlib.asynccontextmanager
async def worker(
    sane: Sane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    patience: Patience | None = None,
    settings: ScannerSettings = SETTINGS,
    socket: Path | None = None,
) -> AsyncIterator[Worker]:
    places = Places(*(tmp_path / name for name in ("pages", "papers", "pictures", "documents")))
    for directory in (places.pages, places.papers, places.pictures, places.documents):
        directory.mkdir(exist_ok=True)
    for name, value in {**sane.environment, "MARCHEPIED_PAGES": str(places.pages)}.items():
        monkeypatch.setenv(name, value)
    before = _alive()
    supervisor = Supervisor(settings, places, patience)
    socket = socket or tmp_path / "scanner"
    running = asyncio.create_task(supervisor.run(socket))
    while not socket.exists():
        await asyncio.sleep(0)
    one = Worker(supervisor, places, socket)
    following = asyncio.create_task(one.follow())
    try:
        if settings.asker == os.getuid():
            await one.until(lambda _: True)
        yield one
    finally:
        for task in (following, running):
            task.cancel()
        await asyncio.gather(following, running, return_exceptions=True)
        # What a sandbox had around a child that was killed is somebody else's to bury, and takes a moment to die.
        await until(lambda: _alive() <= before, 10)


def _alive() -> set[int]:
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(child.pid)
    return found
