"""The browser's debugging pipe: calls, answers and events, for the few methods that policy leaves us.

Chromium 156 with DeveloperToolsAvailability=2 refuses `Target.attachToTarget` (measured), so nothing here can see
inside a page. What comes from the browser may hold URLs and titles: it is never logged.

The pipe outlives the desk: a desk that is started again finds the ends in mid-frame. It therefore first writes one
NUL, which ends whatever its predecessor left half written (Chromium answers an error without an id), begins its
call ids at random, and drops what it cannot read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from session import wire

logger = logging.getLogger(__name__)

MAX_FRAME = 16 * 1024 * 1024
"""Bytes. A URL may be 2 MB long in Chromium (url::kMaxURLChars), and getTargets lists all of them in one answer."""

_CHUNK = 64 * 1024
_UNRESPONSIVE = "Renderer.Unresponsive.Reason.Visible"
"""Measured with Chromium 156: one more for each page in sight that hangs, 15 s after a touch that it does not take."""
_T = TypeVar("_T")


class BrowserGone(Exception):
    """The pipe is closed: the browser has ended, or the desk let go of it."""


class CallRefused(Exception):
    """The browser answered with an error. The text may hold an address: it is not kept."""

    def __init__(self, method: str, code: int) -> None:
        super().__init__(f"{method} refused ({code})")
        self.method = method
        self.code = code


class TargetInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Target.TargetInfo of the DevTools protocol; what we do not use is left out."""

    target_id: str
    type: str
    title: str = ""
    url: str = ""
    opener_id: str | None = None


class Event(msgspec.Struct, frozen=True):
    method: str
    params: msgspec.Raw

    def read(self, kind: type[_T]) -> _T:
        """The parameters as a `kind`. Raises wire.WireError."""
        return wire.decode(bytes(self.params), kind)


class _Failure(msgspec.Struct, frozen=True):
    code: int = 0


class _Message(msgspec.Struct, frozen=True):
    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    error: _Failure | None = None


class _Nothing(msgspec.Struct, frozen=True):
    pass


class _Version(msgspec.Struct, frozen=True):
    product: str


class _Targets(msgspec.Struct, frozen=True, rename="camel"):
    target_infos: tuple[TargetInfo, ...]


class _Created(msgspec.Struct, frozen=True, rename="camel"):
    target_id: str


class _Count(msgspec.Struct, frozen=True):
    count: int = 0


class _Histogram(msgspec.Struct, frozen=True):
    histogram: _Count


class _Window(msgspec.Struct, frozen=True, rename="camel"):
    window_id: int


class _Process(msgspec.Struct, frozen=True):
    type: str


class _Processes(msgspec.Struct, frozen=True, rename="camel"):
    process_info: tuple[_Process, ...]


class Frames:
    """Frames of the browser, where one that is too long is dropped alone and what follows is still read."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._reader = wire.FrameReader(limit)
        self._skipping = False
        self.dropped = 0

    def feed(self, untrusted_data: bytes) -> Iterator[bytes]:
        start = 0
        while start < len(untrusted_data):
            end = untrusted_data.find(0, start)
            piece = untrusted_data[start:] if end < 0 else untrusted_data[start : end + 1]
            start += len(piece)
            if self._skipping:
                self._skipping = end < 0
                continue
            try:
                yield from self._reader.feed(piece)
            except wire.WireError:
                self.dropped += 1
                self._skipping = end < 0


class DevTools(asyncio.Protocol):
    """One browser's pipe. Use `connect`; events go to `on_event` in the order in which they came.

    Raises from every call: BrowserGone, CallRefused, TimeoutError (the browser hangs), wire.WireError.
    """

    def __init__(self, on_event: Callable[[Event], None], timeout: float) -> None:
        self._on_event = on_event
        self._timeout = timeout
        self._frames = Frames()
        self._next_id = secrets.randbelow(1 << 30)
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._writer: asyncio.WriteTransport | None = None
        self._reader: asyncio.ReadTransport | None = None
        self.gone = asyncio.Event()

    @classmethod
    async def connect(
        cls, write_fd: int, read_fd: int, on_event: Callable[[Event], None], *, timeout: float = 5.0
    ) -> DevTools:
        """Takes ownership of both descriptors. `timeout` is in seconds, for each call."""
        loop = asyncio.get_running_loop()
        self = cls(on_event, timeout)
        untrusted_end = os.fdopen(read_fd, "rb", buffering=0)
        our_end = os.fdopen(write_fd, "wb", buffering=0)
        try:
            self._writer, _ = await loop.connect_write_pipe(lambda: _Writer(self), our_end)
            self._reader, _ = await loop.connect_read_pipe(lambda: self, untrusted_end)
        except BaseException:
            self.close()
            untrusted_end.close()
            our_end.close()
            raise
        self._writer.write(b"\0")
        return self

    def data_received(self, data: bytes) -> None:
        for untrusted_frame in self._frames.feed(data):
            try:
                message = wire.decode(untrusted_frame, _Message)
            except wire.WireError:
                continue
            if message.id is not None:
                waiting = self._waiting.pop(message.id, None)
                if waiting is None or waiting.done():
                    continue
                if message.error is not None:
                    waiting.set_exception(CallRefused("", message.error.code))
                else:
                    waiting.set_result(message.result)
            elif message.method:
                self._on_event(Event(message.method, message.params))

    def connection_lost(self, exc: Exception | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the pipe; the browser is not ended by it (the daemon holds ends of its own)."""
        if self.gone.is_set():
            return
        self.gone.set()
        if self._reader is not None:
            self._reader.close()
        # asyncio does not forgive an abort of a pipe that it is closing itself.
        if self._writer is not None and not self._writer.is_closing():
            self._writer.abort()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(BrowserGone())
        self._waiting.clear()

    async def call(self, method: str, kind: type[_T], **params: Any) -> _T:
        if self.gone.is_set() or self._writer is None:
            raise BrowserGone
        self._next_id += 1
        number = self._next_id
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._writer.write(wire.encode({"id": number, "method": method, "params": params}))
        try:
            async with asyncio.timeout(self._timeout):
                untrusted_result = await answer
        except CallRefused as refusal:
            raise CallRefused(method, refusal.code) from None
        finally:
            self._waiting.pop(number, None)
        return wire.decode(bytes(untrusted_result), kind)

    async def version(self) -> str:
        return (await self.call("Browser.getVersion", _Version)).product

    async def targets(self) -> tuple[TargetInfo, ...]:
        return (await self.call("Target.getTargets", _Targets)).target_infos

    async def discover(self) -> None:
        """From now on targetCreated, targetInfoChanged, targetDestroyed and targetCrashed are told."""
        await self.call("Target.setDiscoverTargets", _Nothing, discover=True)

    async def create(self, url: str, *, behind: bool = False) -> str:
        """Opens a page in front of the others, or behind them. The new target's id."""
        return (await self.call("Target.createTarget", _Created, url=url, background=behind)).target_id

    async def activate(self, target: str) -> None:
        await self.call("Target.activateTarget", _Nothing, targetId=target)

    async def close_page(self, target: str) -> None:
        """Closes a page without asking it (no "leave this page?"). One that is gone already is no error."""
        with contextlib.suppress(CallRefused):
            await self.call("Target.closeTarget", _Nothing, targetId=target)

    async def unresponsive(self) -> int:
        """How often a page in sight left a touch or a key without an answer for 15 s, since the browser started.

        From the browser's own statistics, which go nowhere; it sends no event, and shows nothing under our guard.
        """
        try:
            return (await self.call("Browser.getHistogram", _Histogram, name=_UNRESPONSIVE)).histogram.count
        except CallRefused:  # there is none before the first time
            return 0

    async def window_of(self, target: str) -> int | None:
        """Chromium's id of the window that shows a page; None if no window does (internal pages)."""
        try:
            return (await self.call("Browser.getWindowForTarget", _Window, targetId=target)).window_id
        except CallRefused:
            return None

    async def attach_refused(self, target: str) -> bool:
        """True if the browser refuses to show us the inside of a page, as DeveloperToolsAvailability=2 has it."""
        try:
            await self.call("Target.attachToTarget", _Nothing, targetId=target, flatten=True)
        except CallRefused:
            return True
        return False

    async def process_kinds(self) -> frozenset[str]:
        """Of every process of the browser what it is for."""
        answer = await self.call("SystemInfo.getProcessInfo", _Processes)
        return frozenset(process.type for process in answer.process_info)

    async def downloads_to(self, path: str) -> None:
        """Downloads go to `path` (as the browser sees it) without a question, and are told as events.

        Each is a file named by its number: under the name that a site gives it, Chromium would put it in the place of
        an earlier one (measured with "allow", Chromium 156).
        """
        await self.call(
            "Browser.setDownloadBehavior", _Nothing, behavior="allowAndName", downloadPath=path, eventsEnabled=True
        )


class _Writer(asyncio.BaseProtocol):
    def __init__(self, owner: DevTools) -> None:
        self._owner = owner

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.close()
