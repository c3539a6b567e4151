"""One portal, one screen and one browser under one desk for each module that asks for them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import psutil
import pytest

from session import rpc
from session.browser import sandbox
from session.model import AgentStage, Snapshot
from session.pages import DeskSnapshot, Settings, Site
from session.published import Published
from tests.portal import Portal
from tests.session.browser.harness import PATIENCE, USERS, Browser, DeskProcess, Screen

needs_browser = pytest.mark.skipif(
    os.getuid() != 0 or not os.path.exists(sandbox.CHROMIUM) or shutil.which("Xvfb") is None,
    reason="needs root, Chromium and Xvfb",
)


class _Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    component: str


class _Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    act: str


class Daemon:
    """What the desk needs of the daemon: a control socket that takes `Ready`, and tells of the session's state."""

    def __init__(self) -> None:
        self.service = rpc.Service("org.marchepied.Session")
        self.service.add("Ready", self._ready, parameters=_Component, uids=None)
        self.service.add("Watch", self._watch, uids=None)
        self.service.add("AgentAllowed", self._allowed, parameters=_Act, uids=None)
        self.allowed: list[str] = []
        self.service.add("Activity", self._activity, uids=None)
        self.activities = 0
        self.state = Published(Snapshot())
        self.sent: Published[Snapshot | None] = Published(None)
        self.ready: list[str] = []
        self.told = asyncio.Event()

    def _activity(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        self.activities += 1

    def _allowed(self, _caller: rpc.Caller, parameters: _Act) -> None:
        if self.state.value.agent.stage is not AgentStage.PANEL:
            raise rpc.Refused("wrong_state")
        self.allowed.append(parameters.act)

    async def _watch(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> AsyncIterator[Snapshot]:
        async with contextlib.aclosing(self.state.follow()) as states:
            async for state in states:
                yield state
                self.sent.set(state)

    async def becomes(self, state: Snapshot) -> None:
        """Returns when the desk has been told."""
        self.state.set(state)
        async with asyncio.timeout(PATIENCE):
            await self.sent.until(state)

    def _ready(self, _caller: rpc.Caller, parameters: _Component) -> None:
        self.ready.append(parameters.component)
        if parameters.component == "desk":
            self.told.set()


class Visitor:
    """A screen process's view of the desk."""

    def __init__(self, calls: rpc.Client, watching: rpc.Client) -> None:
        self._calls, self._watching = calls, watching
        self.snapshot = DeskSnapshot()
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._follow())

    @classmethod
    async def connect(cls, desk: DeskProcess) -> Visitor:
        return cls(await client_of(desk), await client_of(desk))

    async def _follow(self) -> None:
        async for snapshot in self._watching.stream("Watch", DeskSnapshot):
            async with self._news:
                self.snapshot = snapshot
                self._news.notify_all()

    async def sees(self, condition: Any, what: str = "the desk's snapshot", seconds: float = PATIENCE) -> DeskSnapshot:
        """Waits until a snapshot satisfies `condition`."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: condition(self.snapshot))
        except TimeoutError:
            raise AssertionError(f"{what}: the last was {self.snapshot}") from None
        return self.snapshot

    async def by_key(self, screen: Screen, key: str, condition: Any, what: str) -> DeskSnapshot:
        """Presses a key until it has its effect: a page that has its title may not have its focus yet."""
        for _ in range(5):
            await asyncio.to_thread(screen.key, key)
            with contextlib.suppress(AssertionError):
                return await self.sees(condition, what, PATIENCE / 5)
        raise AssertionError(f"{what}: the last was {self.snapshot}")

    async def call(self, name: str, **parameters: str) -> None:
        await self._calls.call(name, dict, **parameters)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._calls.close()
        await self._watching.close()


async def client_of(desk: DeskProcess) -> rpc.Client:
    async with asyncio.timeout(PATIENCE):
        while True:
            os.seteuid(USERS.screen)
            try:
                return await rpc.Client.connect(desk.socket, "org.marchepied.Desk")
            except OSError:
                assert desk.process.poll() is None, f"the desk ended with {desk.process.returncode}"
            finally:
                os.seteuid(0)
            await asyncio.sleep(0.02)  # the socket's appearance cannot be waited for otherwise


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(autouse=True, scope="module")
def _leaves_nothing() -> Iterator[None]:
    """Of a whole module, in place of each test: a browser has other processes from one moment to the next."""
    yield
    gc.collect()
    left = [child.pid for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    assert not left, f"processes are left: {left}"


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as one:
        yield one


@pytest.fixture(scope="module")
def settings(portal: Portal) -> Settings:
    port, tls = portal.port, portal.tls_port
    return Settings(
        sites=(
            Site(
                "portail",
                "Portail d'essai",
                f"http://portail.localhost:{port}/",
                (f"connexion.localhost:{port}", f"portail.localhost:{tls}", "n-existe-pas.invalid:80"),
            ),
            Site("fenetres", "Fenêtres", f"http://portail.localhost:{port}/fenetres"),
            Site("eteint", "Site éteint", f"http://eteint.localhost:{_free_port()}/"),
            Site("chiffre", "Site chiffré", f"https://portail.localhost:{tls}/"),
            Site("fichiers", "Fichiers", f"http://portail.localhost:{port}/telechargement"),
            Site("pieces", "Pièces", f"http://portail.localhost:{port}/pieces"),
            Site("plusieurs", "Plusieurs PDF", f"http://portail.localhost:{port}/pieces?accepte=pdf&plusieurs=1"),
            Site("photo", "Une photo", f"http://portail.localhost:{port}/pieces?accepte=photo"),
            Site("dossier", "Un dossier", f"http://portail.localhost:{port}/pieces?dossier=1"),
            Site("interdits", "Adresses interdites", f"http://portail.localhost:{port}/interdits"),
        )
    )


@pytest.fixture(scope="module")
def screen(settings: Settings) -> Iterator[Screen]:
    with Screen(settings) as one:
        yield one


@pytest.fixture(scope="module")
def browser(screen: Screen) -> Iterator[Browser]:
    with Browser(screen) as one:
        yield one


@pytest.fixture
async def daemon(screen: Screen) -> AsyncIterator[Daemon]:
    one = Daemon()
    await one.service.start(screen.root / "control", mode=0o666)
    yield one
    await one.service.stop()


@pytest.fixture
async def desk(screen: Screen, browser: Browser, daemon: Daemon) -> AsyncIterator[DeskProcess]:
    """A new desk on the module's browser: each test is also one more desk that is started in mid-frame."""
    with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as one:
        one.give(browser)
        async with asyncio.timeout(PATIENCE):
            await daemon.told.wait()
        yield one
    print((screen.root / "desk.log").read_text("utf-8"))  # shown with a test that failed


@pytest.fixture
async def visitor(desk: DeskProcess) -> AsyncIterator[Visitor]:
    one = await Visitor.connect(desk)
    yield one
    for page in one.snapshot.pages:
        with contextlib.suppress(rpc.Refused):  # gone by itself since: what counts is that none is left
            await one.call("Close", page=page.id)
    await one.sees(lambda snapshot: not snapshot.pages, "all pages closed")
    await one.close()
