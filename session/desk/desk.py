"""The desk: the one process that knows the visitor's pages and documents."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from session import heart, rpc, wire
from session.browser import policy, services
from session.browser.devtools import BrowserGone, CallRefused
from session.browser.driver import Driver, PolicyNotInForce
from session.browser.filechooser import Front
from session.browser.inputmethod import InputMethod
from session.browser.pages import MAX_PAGES, Reopen, Tracker
from session.browser.visit import VisitPolicy
from session.desk.allowances import Allowances, cameras_of
from session.desk.daemon_line import DaemonLine
from session.desk.keys import KeyShelf
from session.desk.papers import PapersDesk, Places
from session.desk.workshop import Workshop
from session.environment import bus
from session.model import Component, Network, Snapshot, Trouble
from session.pages import BrowserState, DeskSnapshot, Settings

logger = logging.getLogger(__name__)

INTERFACE = "org.marchepied.Desk"
EXIT_BAD_POLICY = 78
"""EX_CONFIG: the browser works, but not under the policy. The daemon has been told so (`Fail`)."""

_SETTLE = 0.05
"""Seconds between two snapshots: the first change is told at once, those that follow it in one."""
_AGAIN = 1.5
"""Seconds in which a second tap on the same site is the same tap."""
_LOOP = 30.0
"""A browser that dies this many seconds after its pages came back is started without them."""
_TRIES = 3
_BROWSER_ERRORS = (BrowserGone, CallRefused, TimeoutError, wire.WireError)


class _Started(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    browser: int


class _Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    site: str


class _What(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    what: Literal["host", "camera"]


class _Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str


class Desk:
    """State and methods. `run` follows the daemon's socket until it closes."""

    def __init__(self, settings: Settings, documents: Path, run: Path, visit: Path) -> None:
        self._settings = settings
        self._sites = {site.id: site for site in settings.sites}
        self._papers = PapersDesk(Places.beside(documents), self._front, self._changed)
        self._keys = KeyShelf(run, self._papers)
        self._workshop = Workshop(run if settings.scanner else None, self._papers, self._keys.peeked)
        self._run = run
        self._tracker = Tracker(settings)
        self._driver: Driver | None = None
        self._input = InputMethod(self._changed)
        self._state = BrowserState.STARTING
        self._lost: list[Reopen] = []
        self._restored_at = float("-inf")
        self._snapshot = DeskSnapshot()
        self._news = asyncio.Event()
        self._settling: asyncio.TimerHandle | None = None
        self._published_at = float("-inf")
        self._last_open = ("", float("-inf"))
        self._told: set[Component] = set()
        self._line = DaemonLine(run / "control")
        self._works: set[asyncio.Task[None]] = set()
        written = VisitPolicy(visit, policy.hosts_of(settings), cameras_of(settings))
        self._allowances = Allowances(
            settings, written, self._line, self._tracker, lambda: self._driver, self._changed
        )
        self.service = rpc.Service(INTERFACE)
        own = frozenset({os.getuid()})
        self.service.add("Watch", self._watch, uids=own)
        self.service.add("Open", self._open, parameters=_Site, uids=own)
        self.service.add("Home", self._home, uids=own)
        self.service.add("Show", self._show, parameters=_Page, uids=own)
        self.service.add("Close", self._close, parameters=_Page, uids=own)
        self.service.add("Bear", self._bear, parameters=_Page, uids=own)
        self.service.add("Retry", self._retry, parameters=_Page, uids=own)
        self.service.add("Allow", self._allow, parameters=_What, uids=own)
        self.service.add("StopCapture", self._stop_capture, uids=own)
        for room in (self._papers, self._workshop, self._keys):
            room.offer(self.service, own)

    # -- browsers --------------------------------------------------------------------------------------------

    async def run(self, daemon: socket.socket) -> None:
        """Follows one browser after the other. Raises PolicyNotInForce; returns when the daemon hangs up."""
        await self.service.start(self._run / "desk", mode=0o600)
        daemon.setblocking(False)
        heard = asyncio.create_task(self._line.follow(self._heard))
        rooms = [asyncio.create_task(room.run()) for room in (self._workshop, self._keys)]
        looking = asyncio.create_task(self._allowances.watch()) if self._settings.interview else None
        alive = asyncio.create_task(heart.beat(self._run / "control", Component.DESK))
        current: asyncio.Task[None] | None = None
        waiting: asyncio.Task[tuple[int, int] | None] | None = None
        serving = asyncio.create_task(services.offer(bus.ADDRESS, [self._input, self._papers.chooser]))
        try:
            while True:
                waiting = waiting or asyncio.create_task(_next_browser(daemon))
                tasks: set[asyncio.Task[None] | asyncio.Task[tuple[int, int] | None]] = {waiting, serving}
                if current is not None:
                    tasks.add(current)
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if current is not None and current.done():
                    current.result()
                    current = None
                if serving.done():
                    serving.result()
                if waiting.done():
                    ends, waiting = waiting.result(), None
                    if ends is None:
                        return
                    if current is not None:
                        current.cancel()
                        await asyncio.gather(current, return_exceptions=True)
                    current = asyncio.create_task(self._follow(*ends))
        finally:
            for task in (heard, *rooms, looking, alive, current, waiting, serving):
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
            await self.service.stop()

    async def _follow(self, write_fd: int, read_fd: int) -> None:
        """Follows one browser to its end. One that lives but does not answer as it should is tried again."""
        try:
            for _ in range(_TRIES):
                driver = Driver(self._tracker, self._changed, self._browser_hung, self._papers.downloaded)
                self._driver = driver
                try:
                    await self._accompany(driver, os.dup(write_fd), os.dup(read_fd))
                except PolicyNotInForce:
                    await self._line.tell("Fail", trouble=Trouble.BAD_POLICY.value)
                    raise
                except _BROWSER_ERRORS as error:
                    logger.warning("the browser does not answer: %s", type(error).__name__)
                finally:
                    self._forget(driver)
                if driver.gone:
                    return
        finally:
            os.close(write_fd)
            os.close(read_fd)
        raise BrowserGone("it lives, but does not answer")

    async def _accompany(self, driver: Driver, write_fd: int, read_fd: int) -> None:
        await driver.connect(write_fd, read_fd)
        await self._bring_back(driver)
        self._state = BrowserState.RUNNING
        self._changed()
        await self._ready(Component.BROWSER)
        await self._ready(Component.DESK)
        await driver.run()

    def _forget(self, driver: Driver) -> None:
        driver.close()
        self._driver = None
        self._lost = self._tracker.to_reopen() or self._lost
        self._tracker.forget()
        self._state = BrowserState.RESTARTING
        self._changed()

    async def _bring_back(self, driver: Driver) -> None:
        lost, self._lost = self._lost, []
        now = asyncio.get_running_loop().time()
        if now - self._restored_at < _LOOP:
            # It died with these pages before: they may be what kills it.
            await driver.close_all()
            return
        if lost:
            self._restored_at = now
            await driver.reopen(lost)

    async def _ready(self, component: Component) -> None:
        if component not in self._told and await self._line.tell("Ready", component=component.value):
            self._told.add(component)

    def _heard(self, before: Snapshot | None, now: Snapshot) -> None:
        if before is not None and before.network is Network.DOWN and now.network is Network.UP:
            self._soon(self._try_again())
        self._allowances.heard(now)

    def _soon(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)

    async def _try_again(self) -> None:
        """The network is back: pages that failed for want of it come by themselves."""
        with contextlib.suppress(rpc.Refused), self._asking() as driver:
            await driver.network_is_back()

    def _browser_hung(self) -> None:
        """It is killed, and started anew, by the daemon; not while an agent has it stand still."""
        self._soon(self._tell_hung())

    async def _tell_hung(self) -> None:
        await self._line.tell("BrowserHung")

    # -- snapshots -------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self._settling is None:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_at(max(loop.time(), self._published_at + _SETTLE), self._publish)

    def _publish(self) -> None:
        self._settling = None
        self._published_at = asyncio.get_running_loop().time()
        tracker = self._tracker
        fresh = DeskSnapshot(
            sequence=self._snapshot.sequence,
            browser=self._state,
            pages=tracker.pages(),
            active=tracker.active if tracker.active is not None and tracker.has(tracker.active) else None,
            documents=self._papers.look(tracker.known()),
            downloading=len(self._driver.downloading) if self._driver is not None else 0,
            field=self._input.field,
            keyed=self._input.keyed,
            allowable=self._allowances.allowable(),
            capture=self._allowances.capture,
        )
        self._workshop.look(self._papers.now.documents or ())
        if fresh != self._snapshot:
            self._snapshot = msgspec.structs.replace(fresh, sequence=fresh.sequence + 1)
            self._news.set()
            self._news = asyncio.Event()

    def _front(self) -> Front | None:
        page = next((one for one in self._tracker.pages() if one.id == self._tracker.active), None)
        return Front(page.id, page.site, self._tracker.limit_of(page.id)) if page is not None else None

    async def _watch(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> AsyncIterator[DeskSnapshot]:
        """The whole picture, now and after each change."""
        while True:
            news, snapshot = self._news, self._snapshot
            yield snapshot
            if self._snapshot is snapshot:
                await news.wait()

    # -- methods ---------------------------------------------------------------------------------------------

    async def _open(self, _caller: rpc.Caller, parameters: _Site) -> None:
        """Opens a site of the station, by its id, in a page in front."""
        site = self._sites.get(parameters.site)
        if site is None:
            raise rpc.Refused("no_site")
        now = asyncio.get_running_loop().time()
        if self._last_open[0] == site.id and now - self._last_open[1] < _AGAIN:
            return
        if len(self._tracker.pages()) >= MAX_PAGES:
            raise rpc.Refused("too_many_pages")
        self._last_open = (site.id, now)
        with self._asking() as driver:
            await driver.open(site.url, site.id)

    async def _home(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """No page is in front any more; all stay open, out of sight."""
        self._tracker.home()
        self._changed()
        if self._driver is not None:
            with self._asking() as driver:
                await driver.obey()

    async def _show(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """Puts a page in front."""
        with self._asking() as driver:
            self._need(parameters.page)
            await driver.show(parameters.page)

    async def _close(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """Closes a page; what it was opened from comes to the front."""
        with self._asking() as driver:
            self._need(parameters.page)
            await driver.close_page(parameters.page)

    def _bear(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """Waits on for a page that hangs: it is shown again."""
        self._need(parameters.page)
        self._tracker.bear(parameters.page)
        self._changed()

    async def _retry(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """Tries the last address of a page again, in a new page that takes its place."""
        with self._asking() as driver:
            self._need(parameters.page)
            address, site = self._tracker.address_of(parameters.page)
            if not address:
                raise rpc.Refused("no_address")
            await driver.open(address, site)
            await driver.close_page(parameters.page)

    async def _allow(self, _caller: rpc.Caller, parameters: _What) -> None:
        """Allows the host of the refused page in front, or camera and microphone to the site in front: for this visit,
        and by an agent in the panel only.
        """
        await (self._allowances.allow_host() if parameters.what == "host" else self._allowances.allow_camera())

    async def _stop_capture(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """Camera and microphone are off, for the rest of the visit; the pages that could use them are closed."""
        await self._allowances.stop_capture()

    def _need(self, page: str) -> None:
        if not self._tracker.has(page):
            raise rpc.Refused("no_page")

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Driver]:
        if self._driver is None or self._state is not BrowserState.RUNNING:
            raise rpc.Refused("no_browser")
        try:
            yield self._driver
        except _BROWSER_ERRORS as error:
            if isinstance(error, TimeoutError):
                self._driver.in_vain()
            raise rpc.Refused("no_browser") from None


async def _next_browser(daemon: socket.socket) -> tuple[int, int] | None:
    """The next pair of ends (write, read); None when the daemon has hung up."""
    loop = asyncio.get_running_loop()
    while True:
        readable = loop.create_future()
        loop.add_reader(daemon, _wake, readable)
        try:
            await readable
        finally:
            loop.remove_reader(daemon)
        try:
            untrusted_data, descriptors, _flags, _address = socket.recv_fds(daemon, 4096, 2)
        except BlockingIOError:
            continue
        except OSError:
            return None
        if not untrusted_data:
            return None
        if len(descriptors) == 2:
            with contextlib.suppress(wire.WireError):
                wire.decode(untrusted_data.rstrip(b"\0\n"), _Started)
                return descriptors[0], descriptors[1]
        logger.error("the daemon sent something else than a browser")
        for descriptor in descriptors:
            os.close(descriptor)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
