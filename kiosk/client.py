"""The UI's lines to the other processes: watched snapshots, calls, and the wish for a layout.

Everything runs in asyncio tasks of the one thread; nothing here blocks or knows of Kivy. Each watched service
may come and go: the feed tries again with a bounded delay, for as long as the UI lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from session import rpc, wire

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

SESSION = "org.marchepied.Session"
DESK = "org.marchepied.Desk"
GUARD = "org.marchepied.Guard"

FIRST_DELAY = 0.1
LONGEST_DELAY = 1.0
"""Seconds between two tries at a service that is away."""
CALL_TIMEOUT = 15.0
"""Seconds. Opening a page is the slowest call; a service that takes longer hangs."""

_BROKEN_LINE = (OSError, wire.WireError, rpc.CallFailed, rpc.Denied, rpc.Refused)


class Failure(enum.StrEnum):
    """Why a call failed when the other end did not refuse it. Shares the words of the refusals' codes."""

    AWAY = "away"
    """Nobody listens, or the line broke: the service is being started again."""
    SLOW = "slow"
    DENIED = "denied"
    FAILED = "failed"


class CallError(Exception):
    """A call that did not succeed; `code` is a Failure or the code of a refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Delay:
    """Seconds until the next try: 0.1, doubled each time up to 1, and 0.1 again after a success."""

    def __init__(self) -> None:
        self._next = FIRST_DELAY

    def succeeded(self) -> None:
        self._next = FIRST_DELAY

    async def wait(self) -> None:
        now, self._next = self._next, min(2 * self._next, LONGEST_DELAY)
        await asyncio.sleep(now)


class GuardNews(msgspec.Struct, frozen=True):
    """The part of the guard's state that a visitor hears of."""

    choosers: int = 0
    """File choosers that were refused since the guard started."""


class Feed(Generic[_T]):
    """Keeps one `Watch` stream open.

    `on_item` gets each snapshot; `on_line` gets True at the first snapshot of a connection and False when
    the connection is lost. Both run in this task.
    """

    def __init__(
        self,
        path: Path,
        interface: str,
        kind: type[_T],
        on_item: Callable[[_T], None],
        on_line: Callable[[bool], None],
    ) -> None:
        self._path, self._interface, self._kind = path, interface, kind
        self._on_item, self._on_line = on_item, on_line
        self._delay = Delay()

    async def run(self) -> None:
        """Never returns; ends by cancellation, or by an exception of `on_item` or `on_line`."""
        while True:
            try:
                client = await rpc.Client.connect(self._path, self._interface)
            except OSError:
                await self._delay.wait()
                continue
            try:
                await self._follow(client)
            finally:
                await client.close()
            await self._delay.wait()

    async def _follow(self, client: rpc.Client) -> None:
        online = False
        async with contextlib.aclosing(client.stream("Watch", self._kind)) as items:
            while True:
                # Only the line's own errors are caught here: one of our screens' must end the process.
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    break
                except _BROKEN_LINE as error:
                    logger.warning("watching %s: %s", self._interface, type(error).__name__)
                    break
                self._delay.succeeded()
                self._on_item(item)
                if not online:
                    online = True
                    self._on_line(True)
        if online:
            self._on_line(False)


async def call(path: Path, interface: str, name: str, **parameters: Any) -> None:
    """One call on a connection of its own; the answer's content is not used. Raises CallError."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT):
            client = await rpc.Client.connect(path, interface)
            try:
                await client.call(name, dict, **parameters)
            finally:
                await client.close()
    except rpc.Refused as refusal:
        raise CallError(refusal.code) from None
    except rpc.Denied:
        raise CallError(Failure.DENIED) from None
    except TimeoutError:
        logger.warning("%s.%s took more than %.0f s", interface, name, CALL_TIMEOUT)
        raise CallError(Failure.SLOW) from None
    except OSError:
        raise CallError(Failure.AWAY) from None
    except (rpc.CallFailed, wire.WireError) as error:
        logger.warning("%s.%s failed: %s", interface, name, error)
        raise CallError(Failure.FAILED) from None


class LayoutLink:
    """Tells the guard which layout is wanted: at each change, and again whenever the guard comes back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wanted: str | None = None
        self._window: int | None = None
        self._changed = asyncio.Event()
        self._delay = Delay()

    def want(self, mode: str) -> None:
        """`mode` is `full` or `bar`."""
        if mode != self._wanted:
            self._wanted = mode
            self._changed.set()

    def claim(self, window: int) -> None:
        """Says which X window is ours: anybody's could have our WM_CLASS."""
        self._window = window
        self._changed.set()

    async def run(self) -> None:
        """Never returns. Without a guard it only tries again, quietly: the UI works in a plain window too."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._path), limit=wire.MAX_FRAME)
            except OSError:
                await self._delay.wait()
                continue
            client = rpc.Client(reader, writer, GUARD)
            try:
                await self._follow(client, reader)
            except _BROKEN_LINE as error:
                logger.debug("guard: %s", type(error).__name__)
            finally:
                await client.close()
            await self._delay.wait()

    async def _follow(self, client: rpc.Client, reader: asyncio.StreamReader) -> None:
        """Returns when the guard hangs up."""
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._wanted is None:
                continue
            wish = {"mode": self._wanted} | ({} if self._window is None else {"window": self._window})
            async with asyncio.timeout(CALL_TIMEOUT):
                await client.call("Layout", dict, **wish)
            self._delay.succeeded()
            if not await self._until_changed(reader):
                return

    async def _until_changed(self, reader: asyncio.StreamReader) -> bool:
        """Waits for another wish or for the end of the line: the guard says nothing unasked."""
        changed = asyncio.ensure_future(self._changed.wait())
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({changed, gone}, return_when=asyncio.FIRST_COMPLETED)
            return not gone.done()
        finally:
            for waiting in (changed, gone):
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await waiting
