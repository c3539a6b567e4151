"""The two children of the scan worker, each watched: the feed, for one use of the scanner, and the press.

A child that says nothing for too long is killed; what it had finished before is on the memory disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from scanner.messages import (
    Arriving,
    Bind,
    Bound,
    Closing,
    Compact,
    Compacted,
    Count,
    Counted,
    Draw,
    Encode,
    Encoded,
    Ended,
    FeedSaid,
    FeedTask,
    Fit,
    Fitted,
    Impossible,
    Looked,
    Merge,
    Prepare,
    Prepared,
    PressSaid,
    PressTask,
    Read,
    Show,
    Shown,
    Split,
    WasRead,
    Whole,
    Words,
)
from scanner.model import ScanProblem
from session import wire

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_GONE_SECONDS = 5.0
"""A killed process that is still there then hangs in the kernel: nobody waits for it any more."""


class Patience(msgspec.Struct, frozen=True):
    """Seconds without a word from a child, before it is killed."""

    look: float = 30.0
    """All devices are looked for: those of a network answer when they like."""
    start: float = 60.0
    """The first lines: a lamp gets warm, a feeder takes its paper."""
    lines: float = 20.0
    """The next lines."""
    stop: float = 6.0
    """It was asked to stop: the carriage goes home."""
    press: float = 60.0
    bind: float = 180.0
    """A document is made, made to fit, or read: as long as its longest page may take, many times."""


class Hung(Exception):
    """It said nothing for too long, or ended in the middle."""


class Gone(Hung):
    """It ended in the middle."""


class Child:
    """One process of ours, and frames in both directions."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._frames = wire.FrameReader()
        self._waiting: list[bytes] = []

    @classmethod
    async def start(cls, module: str) -> Child:
        """Raises OSError. Its words, which have no page in them, go where ours go."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict(os.environ),
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def send(self, message: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.write(wire.encode(message))

    def hang_up(self) -> None:
        """It reads the end of its input."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.close()

    async def hear(self, kind: Any, seconds: float) -> Any:
        """The next message, a `kind`. Raises Hung, and wire.WireError."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        try:
            async with asyncio.timeout(seconds):
                while not self._waiting:
                    untrusted_data = await self._process.stdout.read(wire.MAX_FRAME)
                    if not untrusted_data:
                        raise Gone("it ended in the middle")
                    self._waiting.extend(self._frames.feed(untrusted_data))
        except TimeoutError:
            raise Hung(f"not a word for {seconds:g} s") from None
        return wire.decode(self._waiting.pop(0), kind)

    def kill(self) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> None:
        """Kills it, if it has not ended."""
        self.kill()
        self.hang_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GONE_SECONDS):
                await self._process.wait()


class Feeding:
    """One use of the scanner. `heard` is called with each message but the last."""

    def __init__(self, patience: Patience, heard: Callable[[FeedSaid], None]) -> None:
        self._patience, self._heard = patience, heard
        self._child: Child | None = None
        self._stopping: asyncio.TimerHandle | None = None
        self.stopped = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    def stop(self) -> None:
        """Asks it to; it is killed if it takes too long. `run` returns then."""
        if self.stopped:
            return
        self.stopped = True
        if self._child is not None:
            self._halt(self._child)

    def abort(self) -> None:
        """Kills it: for a use in which nothing moves."""
        self.stopped = True
        if self._child is not None:
            self._child.kill()

    def _halt(self, child: Child) -> None:
        child.hang_up()

        self._stopping = asyncio.get_running_loop().call_later(self._patience.stop, child.kill)

    async def run(self, task: FeedTask) -> ScanProblem | None:
        """What went wrong; None if nothing did, or if it was stopped."""
        if self.stopped:
            return None
        try:
            self._child = child = await Child.start("scanner.feed")
        except OSError as error:
            logger.error("no feed: %s", error.strerror)
            return ScanProblem.FAILED
        try:
            child.send(task)
            if self.stopped:
                self._halt(child)
            problem = await self._follow(child)
        except (Hung, wire.WireError) as error:
            if not self.stopped:
                logger.error("the scanner does not answer: %s", error)
            problem = ScanProblem.FAILED
        finally:
            if self._stopping is not None:
                self._stopping.cancel()
            await child.end()
        return None if self.stopped else problem

    async def _follow(self, child: Child) -> ScanProblem | None:
        seconds = self._patience.look
        closing: Closing | None = None
        while True:
            try:
                said = await child.hear(FeedSaid, seconds)
            except Hung:
                if closing is None:
                    raise
                logger.warning("the scanner's driver hangs after its work: it is killed")
                return closing.problem
            if isinstance(said, Ended):
                return said.problem
            closing = said if isinstance(said, Closing) else None
            seconds = self._next(said)
            self._heard(said)

    def _next(self, said: FeedSaid) -> float:
        match said:
            case Arriving(begun=True):
                return self._patience.lines
            case Arriving() | Whole():
                return self._patience.start
            case Closing():
                return self._patience.stop
            case Looked() | Ended():
                return self._patience.look


class Press:
    """Tasks for the press, one after the other, the most urgent first. A new one is started when one has died.

    `helps`: one whose pages it makes too, as long as it has nothing else to do and that one is busy.
    """

    def __init__(self, patience: Patience, helps: Press | None = None) -> None:
        self._patience = patience
        self._helps = helps
        self._helper: Press | None = None
        if helps is not None:
            helps._helper = self
        self._child: Child | None = None
        self._heap: list[tuple[int, int, PressTask, asyncio.Future[PressSaid]]] = []
        self._numbers = itertools.count()
        self._now: PressTask | None = None
        self._dropped = False
        self._heard: Callable[[Words], None] = lambda _words: None
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

    async def bind(self, task: Bind | Merge | Split) -> Bound | None:
        return await self._ask(task, 1, Bound)

    async def count(self, task: Count) -> Counted | None:
        return await self._ask(task, 1, Counted)

    async def draw(self, task: Draw) -> Shown | None:
        return await self._ask(task, 0, Shown)

    async def fit(self, task: Fit) -> Fitted | None:
        return await self._ask(task, 2, Fitted)

    async def read(self, task: Read, heard: Callable[[Words], None]) -> WasRead | None:
        """`heard` is called with what was found so far."""
        self._heard = heard
        return await self._ask(task, 2, WasRead)

    def drop(self, kinds: tuple[type[PressTask], ...]) -> None:
        """Tasks of these kinds are not wanted any more, the present one included."""
        for _, _, task, answer in self._heap:
            if isinstance(task, kinds) and not answer.done():
                answer.set_result(Impossible())
        if isinstance(self._now, kinds) and self._child is not None:
            self._dropped = True
            self._child.kill()

    def warm(self) -> None:
        """One will be needed soon."""
        self._news.set()

    def _ask(self, task: PressTask, urgency: int, kind: type[_T]) -> Awaitable[_T | None]:
        answer: asyncio.Future[PressSaid] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (urgency, next(self._numbers), task, answer))
        self._news.set()
        if self._helper is not None and isinstance(task, _HELPED) and (self._now is not None or len(self._heap) > 1):
            self._helper.warm()

        async def answered() -> _T | None:
            said = await answer
            return said if isinstance(said, kind) else None

        return answered()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                while (next_one := self._next()) is not None:
                    task, answer = next_one
                    said = await self._do(task)
                    if not answer.done():
                        answer.set_result(said)
                with contextlib.suppress(OSError):
                    await self._ready()
        finally:
            if self._child is not None:
                await self._child.end()

    def _next(self) -> tuple[PressTask, asyncio.Future[PressSaid]] | None:
        """What is to be done now: of its own, else what it can help with."""
        helps = self._helps
        waiting = helps._heap if helps is not None and not self._heap and helps._now is not None else self._heap
        while waiting and (waiting is self._heap or isinstance(waiting[0][2], _HELPED)):
            _, _, task, answer = heapq.heappop(waiting)
            if not answer.done():
                return task, answer
        return None

    async def _ready(self) -> Child:
        if self._child is None or not self._child.running:
            self._child = await Child.start("scanner.press")
        return self._child

    async def _do(self, task: PressTask) -> PressSaid:
        while True:
            worn = self.pid is not None
            self._now, self._dropped = task, False
            try:
                child = await self._ready()
                child.send(task)
                seconds = self._patience.bind if isinstance(task, _LONG) else self._patience.press
                said: PressSaid = await child.hear(PressSaid, seconds)
                while isinstance(said, Words):
                    self._heard(said)
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
_LONG = (Bind, Merge, Split, Fit, Read)
