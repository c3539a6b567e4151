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
from session.papers import Papers

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
    touches: int = 0
    """Of pages, since then."""
    strokes: int = 0
    """Times that somebody took to a real keyboard while ours was on the screen."""
    dpi: float = 0.0
    """Of the panel, as it says itself; 0 if it says nothing that can be believed."""


class Feed(Generic[_T]):
    """Keeps one stream open: `Watch`, or the `method` of that name.

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
        method: str = "Watch",
    ) -> None:
        self._path, self._interface, self._kind, self._method = path, interface, kind, method
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
        async with contextlib.aclosing(client.stream(self._method, self._kind)) as items:
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


def paper_feed(desk: Path, on_item: Callable[[Papers], None]) -> Feed[Papers]:
    """The papers, which come in a stream of their own: progress comes many times a second, pages of sites do not."""
    return Feed(desk, DESK, Papers, on_item, lambda _online: None, "WatchPapers")


class Call:
    """One call, sent as this is made: what a tap asks for must not wait until the tap is drawn."""

    def __init__(self, path: Path, interface: str, name: str, **parameters: Any) -> None:
        self._what = f"{interface}.{name}"
        try:
            self._asked: rpc.Asked | None = rpc.Asked(path, interface, name, **parameters)
        except OSError:
            self._asked = None

    async def done(self) -> None:
        """Waits for the answer, whose content is not used. Raises CallError."""
        await self.answer(dict)

    async def answer(self, kind: type[_T]) -> _T:
        """Waits for the answer, as what it must be. Raises CallError."""
        if self._asked is None:
            raise CallError(Failure.AWAY)
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                return await self._asked.answer(kind)
        except rpc.Refused as refusal:
            raise CallError(refusal.code) from None
        except rpc.Denied:
            raise CallError(Failure.DENIED) from None
        except TimeoutError:
            logger.warning("%s took more than %.0f s", self._what, CALL_TIMEOUT)
            raise CallError(Failure.SLOW) from None
        except OSError:
            raise CallError(Failure.AWAY) from None
        except (rpc.CallFailed, wire.WireError) as error:
            logger.warning("%s failed: %s", self._what, error)
            raise CallError(Failure.FAILED) from None
        finally:
            self.close()

    def close(self) -> None:
        """For a call whose answer nobody waits for any more."""
        if self._asked is not None:
            self._asked.close()


class LayoutLink:
    """Tells the guard which layout is wanted for which window: at each change, in order, and to each new guard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wish: dict[str, str | int] = {}
        self._call: Call | None = None
        """Sent, and not yet answered."""
        self._stale = False
        """Whether it has to be told once more."""
        self._changed = asyncio.Event()
        self._delay = Delay()

    def want(self, mode: str, height: int | None = None, foot: int = 0) -> None:
        """`mode` is `full` or `bar`; `height` is the bar's, `foot` the on-screen keyboard's, in pixels."""
        wish: dict[str, str | int] = {"mode": mode}
        if height is not None:
            wish["height"] = height
        if foot:
            wish["foot"] = foot
        if "window" in self._wish:
            wish["window"] = self._wish["window"]
        if wish != self._wish:
            self._wish = wish
            self._tell()

    def claim(self, window: int) -> None:
        """Says which X window is ours: anybody's could have our WM_CLASS."""
        self._wish = {**self._wish, "window": window}
        self._tell()

    def again(self) -> None:
        """A guard has come, which knows nothing yet."""
        self._tell()

    def _tell(self) -> None:
        if not {"mode", "window"} <= self._wish.keys():
            return
        self._stale = self._call is not None
        if self._call is None:
            self._call = Call(self._path, GUARD, "Layout", **self._wish)
        self._changed.set()

    async def run(self) -> None:
        """Never returns. Without a guard nothing is done: the UI works in a plain window too."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._call is None:
                continue
            try:
                await self._call.done()
                self._delay.succeeded()
            except CallError as error:
                if error.code != Failure.AWAY:  # one that is away will come, and is then told
                    await self._delay.wait()
                    self._stale = True
            self._call = None
            if self._stale:
                self._tell()

    def close(self) -> None:
        if self._call is not None:
            self._call.close()
