"""The supervisor's end of a press: its tasks, one after the other, and its process, which may die over any of them."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from scanner.children import Child, Gone, Hung, Patience
from scanner.document.model import Refused
from scanner.messages import (
    Bind,
    Bound,
    Come,
    Compact,
    Compacted,
    Count,
    Counted,
    Draw,
    Encode,
    Encoded,
    Fit,
    Fitted,
    Impossible,
    Merge,
    Prepare,
    Prepared,
    PressSaid,
    PressTask,
    Read,
    Show,
    Shown,
    Split,
    Unreadable,
    WasRead,
    Words,
)
from session import wire

logger = logging.getLogger(__name__)

Heard = Callable[[Words | Come], None]
"""Called with what is said of a task before its end."""
_T = TypeVar("_T")
_LINGER = 20.0
"""Seconds: a press that only helps goes when it was not called for so long, with its 60 MB."""


def _unheard(_said: Words | Come) -> None:
    """Nobody follows it."""


class Press:
    """Tasks for the press, one after the other, the most urgent first. A new one is started when one has died.

    `before` is put before its command. `helps`: one whose pages it makes too, as long as it has nothing else to do and
    that one is busy; it goes when there was nothing to help with for a while.
    """

    def __init__(self, patience: Patience, before: Sequence[str] = (), helps: Press | None = None) -> None:
        self._patience, self._before = patience, before
        self._helps = helps
        self._helper: Press | None = None
        if helps is not None:
            helps._helper = self
        self._child: Child | None = None
        self._heap: list[tuple[int, int, PressTask, Heard, asyncio.Future[PressSaid]]] = []
        self._numbers = itertools.count()
        self._now: PressTask | None = None
        self._dropped = False
        self._news = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def prepare(self, task: Prepare, *, urgent: bool) -> Prepared | None:
        """None: it cannot be done."""
        return await self._ask(task, 1 if urgent else 2, Prepared)

    async def compact(self, task: Compact) -> Compacted | None:
        return await self._ask(task, 3, Compacted)

    async def encode(self, task: Encode, *, urgent: bool = False) -> Encoded | None:
        return await self._ask(task, 1 if urgent else 3, Encoded)

    async def show(self, task: Show) -> Shown | None:
        return await self._ask(task, 0, Shown)

    # Of documents that were brought: each raises Refused where it is known why nothing is made of one.

    async def bind(self, task: Bind | Merge | Split, heard: Heard = _unheard) -> Bound | None:
        return await self._ask(task, 1, Bound, heard)

    async def count(self, task: Count) -> Counted | None:
        return await self._ask(task, 1, Counted)

    async def draw(self, task: Draw) -> Shown | None:
        return await self._ask(task, 0, Shown)

    async def fit(self, task: Fit, heard: Heard) -> Fitted | Unreadable | None:
        return await self._ask(task, 2, (Fitted, Unreadable), heard)

    async def read(self, task: Read, heard: Heard) -> WasRead | None:
        """`heard` is called with what was found so far."""
        return await self._ask(task, 2, WasRead, heard)

    def drop(self, kinds: tuple[type[PressTask], ...]) -> None:
        """Tasks of these kinds are not wanted any more, the present one included."""
        for _, _, task, _, answer in self._heap:
            if isinstance(task, kinds) and not answer.done():
                answer.set_result(Impossible())
        if isinstance(self._now, kinds) and self._child is not None:
            self._dropped = True
            self._child.kill()

    def warm(self) -> None:
        """One will be needed soon."""
        self._news.set()

    def _ask(
        self, task: PressTask, urgency: int, kind: type[_T] | tuple[type[_T], ...], heard: Heard = _unheard
    ) -> Awaitable[_T | None]:
        answer: asyncio.Future[PressSaid] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (urgency, next(self._numbers), task, heard, answer))
        self._news.set()
        if self._helper is not None and isinstance(task, _HELPED) and (self._now is not None or len(self._heap) > 1):
            self._helper.warm()

        async def answered() -> _T | None:
            said = await answer
            if isinstance(said, Impossible) and said.why is not None:
                raise Refused(said.why)
            return said if isinstance(said, kind) else None

        return answered()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._called()
                self._news.clear()
                while (next_one := self._next()) is not None:
                    task, heard, answer = next_one
                    said = await self._do(task, heard)
                    if not answer.done():
                        answer.set_result(said)
                if self._helps is None:
                    with contextlib.suppress(OSError):
                        await self._ready()
        finally:
            if self._child is not None:
                await self._child.end()

    async def _called(self) -> None:
        try:
            async with asyncio.timeout(_LINGER if self._helps is not None and self._child is not None else None):
                await self._news.wait()
        except TimeoutError:
            if self._child is not None:
                await self._child.end()
                self._child = None
            await self._news.wait()

    def _next(self) -> tuple[PressTask, Heard, asyncio.Future[PressSaid]] | None:
        """What is to be done now: of its own, else what it can help with."""
        helps = self._helps
        waiting = helps._heap if helps is not None and not self._heap and helps._now is not None else self._heap
        while waiting and (waiting is self._heap or isinstance(waiting[0][2], _HELPED)):
            _, _, task, heard, answer = heapq.heappop(waiting)
            if not answer.done():
                return task, heard, answer
        return None

    async def _ready(self) -> Child:
        if self._child is None or not self._child.running:
            self._child = await Child.start("scanner.press", self._before)
        return self._child

    def _seconds(self, task: PressTask) -> float:
        if isinstance(task, Bind):
            return max(self._patience.bind, self._patience.page * len(task.pages))
        return self._patience.bind if isinstance(task, _LONG) else self._patience.press

    async def _do(self, task: PressTask, heard: Heard) -> PressSaid:
        while True:
            worn = self.pid is not None
            self._now, self._dropped = task, False
            try:
                child = await self._ready()
                child.send(task)
                seconds = self._seconds(task)
                said: PressSaid = await child.hear(PressSaid, seconds)
                while isinstance(said, Words | Come):
                    heard(said)
                    said = await child.hear(PressSaid, seconds)
            except (OSError, Hung, wire.WireError) as error:
                if not self._dropped:
                    logger.error("the press failed at a task (%s): %s", type(task).__name__, error)
                if self._child is not None:
                    await self._child.end()
                    self._child = None
                if worn and isinstance(error, Gone) and not self._dropped:
                    continue  # it may have died of something else than this task
                return Impossible()
            finally:
                self._now = None
            return said


_HELPED = (Prepare, Encode)
_LONG = (Merge, Split, Fit, Read)
