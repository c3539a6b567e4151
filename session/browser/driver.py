"""One browser under the desk: proves its policy, keeps the tracker true to it, carries out what the tracker says.

At rest with no page open it asks the browser nothing. With pages it asks for the list shortly after each event (a
title may come later than the event that announced the page) and then every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from session import wire
from session.browser import errors, policy, sandbox
from session.browser.devtools import BrowserGone, CallRefused, DevTools, Event, TargetInfo
from session.browser.pages import Activate, Reopen, Tracker
from session.pages import PageState

logger = logging.getLogger(__name__)

PROOF_SECONDS = 8.0
PATIENCE = 3
"""Questions in a row, of five seconds each, after which a browser that does not answer is said to hang."""
_PROBE_SECONDS = 0.5
"""Seconds after which a probe that was not answered gets company; the browser's first page is the first one."""
_AFTER_EVENT = (0.05, 0.2, 0.6, 1.5)
"""Seconds after an event at which the list is asked for."""
_AT_REST = 2.0
_CAPTURE = "video_capture.mojom.VideoCaptureService"


class PolicyNotInForce(Exception):
    """The browser shows what it must refuse; the station must not be offered."""


class _Created(msgspec.Struct, frozen=True, rename="camel"):
    target_info: TargetInfo


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    target_id: str


class _Download(msgspec.Struct, frozen=True, rename="camel"):
    guid: str
    state: str = "inProgress"
    suggested_filename: str = ""
    """At the beginning alone."""


class Driver:
    """Call `run` once; it returns when the browser is gone.

    `changed` is called after each change of the tracker, `hung` when the browser as a whole does not answer,
    `downloaded` with the number and the name of each download that is whole.
    """

    def __init__(
        self,
        tracker: Tracker,
        changed: Callable[[], None],
        hung: Callable[[], None] = lambda: None,
        downloaded: Callable[[str, str], None] = lambda _guid, _untrusted_name: None,
    ) -> None:
        self.tracker = tracker
        self.downloading: dict[str, str] = {}
        """By number the name that the site gives it."""
        self._downloaded = downloaded
        self._changed = changed
        self._tools: DevTools | None = None
        self._stirred = asyncio.Event()
        self._turn = asyncio.Lock()
        self._gone = False
        self._unresponsive = 0
        self._hung = hung
        self._in_vain = 0
        """Questions in a row that the browser left without an answer."""

    async def connect(self, write_fd: int, read_fd: int) -> None:
        """Takes the two ends. When it returns, the browser has answered, its policy is proved, and our page is there.

        Raises PolicyNotInForce, BrowserGone, TimeoutError, CallRefused or wire.WireError.
        """
        self._tools = tools = await DevTools.connect(write_fd, read_fd, self._event)
        try:
            await tools.version()
            await tools.discover()
            await tools.downloads_to(str(sandbox.DOCUMENTS))
            self._unresponsive = await tools.unresponsive()
            self.tracker.anchor = await self._prove(tools)
            await self._tidy(tools, self.tracker.anchor)
        except BaseException:
            self.close()
            raise

    @property
    def gone(self) -> bool:
        """Whether the browser closed its pipe; False as long as it could be tried again."""
        return self._gone

    async def _prove(self, tools: DevTools) -> str:
        """A page that can only be there if our block list refused an address, in a browser that cannot be debugged."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PROOF_SECONDS
        next_probe: float | None = None
        made: set[str] = set()
        while loop.time() < deadline:
            pages = [info for info in await tools.targets() if info.type == "page"]
            for info in pages:
                ours = info.target_id in made or info.url == policy.PROBE_URL or errors.is_ready(info.url)
                if ours and await self._refused(tools, info):
                    self.tracker.own.add(info.target_id)
                    return info.target_id
            # A page made before the browser has made its own would not be in the kiosk's window.
            if pages and next_probe is None:
                next_probe = loop.time() + _PROBE_SECONDS
            if next_probe is not None and loop.time() >= next_probe:
                # The guide may not have been listening yet: another one, and the first that is answered counts.
                made.add(await self._probe(tools))
                next_probe = loop.time() + _PROBE_SECONDS
            await self._news(0.05)
        raise PolicyNotInForce("the block list, the guide or its page is not there")

    async def _probe(self, tools: DevTools) -> str:
        probe = await tools.create(policy.PROBE_URL)
        self.tracker.own.add(probe)
        return probe

    async def _refused(self, tools: DevTools, probe: TargetInfo) -> bool:
        if errors.kind_of(probe.url) is PageState.DOWN:
            raise PolicyNotInForce("the browser went to an address that it must refuse")
        if not errors.is_ready(probe.url) or probe.title != errors.PROVED:
            return False
        if not await tools.attach_refused(probe.target_id):
            raise PolicyNotInForce("the browser can be debugged")
        return True

    async def _news(self, seconds: float) -> None:
        """Waits for an event, at most `seconds`."""
        self._stirred.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()

    async def _tidy(self, tools: DevTools, anchor: str) -> None:
        """Closes the other probes and what earlier desks and browsers left of our own pages."""
        for info in await tools.targets():
            own = errors.is_ready(info.url) or info.url in ("about:blank", policy.PROBE_URL)
            if info.type == "page" and info.target_id != anchor and info.opener_id is None and own:
                self.tracker.own.add(info.target_id)
                await tools.close_page(info.target_id)

    async def run(self) -> None:
        """Follows the browser until it is gone."""
        self._stir()
        tools = self._tools
        assert tools is not None  # noqa: S101 - connect came first
        gone = asyncio.ensure_future(tools.gone.wait())
        try:
            while not gone.done():
                await self._rest(gone)
                self._stirred.clear()
                for pause in _AFTER_EVENT:
                    await asyncio.wait((gone,), timeout=pause)
                    if gone.done():
                        return
                    await self._refresh()
                    if self._stirred.is_set():
                        break
        except BrowserGone:
            pass
        finally:
            gone.cancel()

    async def _rest(self, gone: asyncio.Task[Literal[True]]) -> None:
        stirred = asyncio.ensure_future(self._stirred.wait())
        try:
            await asyncio.wait(
                (gone, stirred),
                timeout=_AT_REST if self.tracker.pages() else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stirred.cancel()

    async def _refresh(self) -> None:
        """Brings the tracker up to date and does what it says. A browser that hangs is asked again later."""
        tools = self._tools
        assert tools is not None  # noqa: S101 - connect came first
        async with self._turn:
            try:
                self.tracker.replace(await tools.targets())
                for target in self.tracker.windowless():
                    window = await tools.window_of(target)
                    if window is not None:
                        self.tracker.place(target, window)
                if self.tracker.anchor is None:
                    await self._new_anchor(tools)
                await self._obey(tools)
                before, self._unresponsive = self._unresponsive, await tools.unresponsive()
                if self._unresponsive > before:
                    self.tracker.hang()
                self._in_vain = 0
            except (TimeoutError, wire.WireError) as error:
                if isinstance(error, TimeoutError):
                    self.in_vain()
                logger.warning("the browser does not say which pages are open")
            except CallRefused as refusal:
                logger.debug("%s", refusal)
        self._changed()

    async def _new_anchor(self, tools: DevTools) -> None:
        self.tracker.anchor = anchor = await self._probe(tools)
        window = await tools.window_of(anchor)
        self.tracker.put(TargetInfo(anchor, "page", url=policy.PROBE_URL))
        if window is not None:
            self.tracker.place(anchor, window)
        if self.tracker.active is not None:
            await tools.activate(self.tracker.active)

    async def _obey(self, tools: DevTools) -> None:
        for command in self.tracker.take_commands():
            with contextlib.suppress(CallRefused):
                if isinstance(command, Activate):
                    await tools.activate(command.target)
                else:
                    await tools.close_page(command.target)

    # -- what the desk asks: each raises BrowserGone, TimeoutError, CallRefused or wire.WireError ----------------

    async def open(self, url: str, site: str | None) -> str:
        """Opens a page and puts it in front. Its id."""
        tools = self._alive()
        async with self._turn:
            target = await tools.create(url)
            self.tracker.opened(target, url, site)
            window = await tools.window_of(target)
            if window is not None:
                self.tracker.place(target, window)
        self._stir()
        return target

    async def show(self, target: str) -> None:
        self._alive()
        self.tracker.show(target)
        await self.obey()

    async def close_all(self) -> None:
        """Whatever the browser has brought back by itself."""
        await self._refresh()
        for page in self.tracker.pages():
            await self.close_page(page.id)

    async def obey(self) -> None:
        """Does what the tracker says, at once."""
        async with self._turn:
            await self._obey(self._alive())
        self._stir()

    async def network_is_back(self) -> None:
        """Has the guide's pages that wait for it try again. Nothing is done where none waits."""
        waiting = (PageState.DOWN, PageState.OFFLINE)
        if not any(page.state in waiting for page in self.tracker.pages()):
            return
        tools = self._alive()
        async with self._turn:
            target = await tools.create(errors.ONLINE_URL, behind=True)
            self.tracker.own.add(target)  # which closes itself

    async def captures(self) -> bool:
        """Whether a camera is open: Chromium has a process for that, from its opening until 5 s after its closing."""
        return _CAPTURE in await self._alive().process_kinds()

    async def becomes(self, target: str, state: PageState, seconds: float) -> bool:
        """Whether a page comes to that state within so long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while loop.time() < deadline:
            shown = {info.target_id: info.url for info in await self._alive().targets()}.get(target, "")
            if errors.kind_of(shown) is state:
                return True
            await asyncio.sleep(0.1)
        return False

    async def close_page(self, target: str) -> None:
        await self._alive().close_page(target)
        self._stir()

    async def reopen(self, pages: Sequence[Reopen]) -> None:
        """After a new start: opens what the browser has not brought back by itself, and puts the right one in front."""
        await self._refresh()
        present: dict[str, str] = {}
        for info in await self._alive().targets():
            if self.tracker.has(info.target_id) and errors.kind_of(info.url) is not None:
                await self.close_page(info.target_id)
            elif self.tracker.has(info.target_id):
                present.setdefault(info.url, info.target_id)
        front: str | None = None
        for page in pages:
            target = present.pop(page.url, None) or await self.open(page.url, page.site)
            if page.active:
                front = target
        if front is not None:
            await self.show(front)
        else:
            self.tracker.home()
            await self.obey()

    def _alive(self) -> DevTools:
        if self._tools is None or self._tools.gone.is_set():
            raise BrowserGone
        return self._tools

    def close(self) -> None:
        if self._tools is not None:
            self._gone = self._gone or self._tools.gone.is_set()
            self._tools.close()

    def in_vain(self) -> None:
        """The browser left a question without an answer: one page that hangs does not, the browser itself does."""
        self._in_vain += 1
        if self._in_vain % PATIENCE == 0:
            self._hung()

    def _stir(self) -> None:
        self._stirred.set()
        self._changed()

    def _event(self, event: Event) -> None:
        try:
            self._read(event)
        except wire.WireError:
            return
        self._stirred.set()

    def _read(self, event: Event) -> None:
        match event.method:
            case "Target.targetCreated" | "Target.targetInfoChanged":
                self.tracker.put(event.read(_Created).target_info)
            case "Target.targetDestroyed":
                self.tracker.drop(event.read(_Target).target_id)
            case "Target.targetCrashed":
                self.tracker.crash(event.read(_Target).target_id)
            case "Browser.downloadWillBegin" | "Browser.downloadProgress":
                download = event.read(_Download)
                if download.state == "inProgress":
                    self.downloading.setdefault(download.guid, download.suggested_filename)
                else:
                    untrusted_name = self.downloading.pop(download.guid, "")
                    if download.state == "completed":
                        self._downloaded(download.guid, untrusted_name)
