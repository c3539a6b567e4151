"""The guard as a process of its own, with a display and a session's control socket, for one test each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from Xlib import error

from session import rpc
from session.model import AgentState, Snapshot, State
from tests.kiosk.guard.xclient import BAR, HEIGHT, PATIENCE, WIDTH, XVFB, XClient, XServer, XWindow, end, until


class _Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    component: str


class Control:
    """The session's control socket, as far as the guard knows it."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.ready: list[str] = []
        self.activities: list[float] = []
        self.alive = 0
        self._snapshot = Snapshot(state=State.READY)
        self._news = asyncio.Event()
        self.watchers = 0
        self._service = rpc.Service("org.marchepied.Session")
        self._service.add("Ready", self._on_ready, parameters=_Ready, uids=None)
        self._service.add("Alive", self._on_alive, parameters=_Ready, uids=None)
        self._service.add("Activity", lambda _caller, _none: self.activities.append(time.monotonic()), uids=None)
        self._service.add("Watch", self._watch, uids=None)

    async def start(self) -> None:
        await self._service.start(self.run / "control")

    async def stop(self) -> None:
        await self._service.stop()

    def become(self, state: State, agent: AgentState | None = None) -> None:
        sequence = self._snapshot.sequence + 1
        self._snapshot = Snapshot(sequence=sequence, state=state, agent=agent or AgentState())
        self._news.set()
        self._news = asyncio.Event()

    def _on_ready(self, _caller: rpc.Caller, said: _Ready) -> None:
        self.ready.append(said.component)

    def _on_alive(self, _caller: rpc.Caller, said: _Ready) -> None:
        assert said.component == "guard"
        self.alive += 1

    async def _watch(self, _caller: rpc.Caller, _none: rpc.NoParameters) -> AsyncIterator[Snapshot]:
        self.watchers += 1
        try:
            while True:
                news = self._news
                yield self._snapshot
                await news.wait()
        finally:
            self.watchers -= 1


class Guard:
    """The guard's process and a line to it."""

    def __init__(self, process: asyncio.subprocess.Process, run: Path) -> None:
        self.process, self.run = process, run

    @classmethod
    async def start(cls, server: XServer, run: Path, *, bar: int = BAR) -> Guard:
        settings = run / "settings.json"
        settings.write_text(f'{{"bar_height": {bar}, "station": "essai"}}')
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kiosk.guard", stderr=asyncio.subprocess.PIPE,
            env={
                **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                "PYTHONPATH": os.getcwd(),
                "DISPLAY": server.name,
                "MARCHEPIED_RUN": str(run),
                "MARCHEPIED_SETTINGS": str(settings),
            },
        )  # fmt: skip
        return cls(process, run)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while not (self.run / "guard").exists():  # it manages windows before it listens
                await asyncio.sleep(0.01)
        client = await rpc.Client.connect(self.run / "guard", "org.marchepied.Guard")
        try:
            async with asyncio.timeout(PATIENCE):
                return await client.call(method, dict, **parameters)
        finally:
            await client.close()

    async def layout(self, mode: str, **more: Any) -> None:
        await self.call("Layout", mode=mode, **more)

    async def stop(self) -> str:
        """What it wrote to its log."""
        await end(self.process)
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()


class Stage:
    """All of it."""

    def __init__(self, server: XServer, control: Control, guard: Guard, run: Path) -> None:
        self.server, self.control, self.guard, self.run = server, control, guard, run
        self._clients: list[XClient] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, run: Path, program: Sequence[str] = XVFB, parent: str = "") -> AsyncIterator[Stage]:
        async with XServer.running(program, parent) as server:
            control = Control(run)
            await control.start()
            stage = cls(server, control, await Guard.start(server, run), run)
            try:
                await until(lambda: control.ready, "Ready")
                yield stage
                stage.check()
            finally:
                for client in stage._clients:
                    with contextlib.suppress(error.ConnectionClosedError):
                        client.close()
                log = await stage.guard.stop()
                await control.stop()
                if "Traceback" in log:
                    raise AssertionError(log)

    def client(self) -> XClient:
        client = XClient(self.server)
        self._clients.append(client)
        return client

    def check(self) -> None:
        assert self.guard.process.returncode is None, "the guard died"

    async def shows(self, *windows: XWindow) -> None:
        """Waits until they are all on the screen."""
        await until(lambda: all(window.seen for window in windows), "windows on the screen")

    async def takes_taps(self, xid: int) -> None:
        """Waits until the page in this window is out of its shield."""
        eyes = self.client()
        await until(lambda: eyes.at(WIDTH // 2, HEIGHT // 2) == xid, "a page that takes taps")

    async def with_page(self) -> tuple[XClient, XWindow, XClient, XWindow]:
        """The UI and a browser in full screen, as a session has them; in the `bar` layout."""
        ours, theirs = self.client(), self.client()
        ui, main = ours.ui().map(), theirs.main().map()
        theirs.ask_fullscreen(main)
        await self.shows(ui, main)
        await self.guard.layout("bar")
        await until(lambda: main.place == (0, BAR, WIDTH, HEIGHT - BAR), "the page's place")
        await self.takes_taps(main.id)
        return ours, ui, theirs, main
