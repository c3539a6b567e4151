"""The children of the scan worker, each watched: the feed, for one use of the scanner, and the presses (`presses`).

A child that says nothing for too long is killed; what it had finished before is on the memory disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from scanner.messages import Arriving, Closing, Ended, FeedSaid, FeedTask, Looked, Whole
from scanner.model import ScanProblem
from session import wire

logger = logging.getLogger(__name__)

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
    page: float = 6.0
    """Of each page where many become a document: ten times what one takes."""


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
    async def start(cls, module: str, before: Sequence[str] = ()) -> Child:
        """`before` is put before its command. Raises OSError.

        Its words, which have no page in them, go where ours go.
        """
        creating = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *(*before, sys.executable, "-P", "-m", module),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=dict(os.environ),
                start_new_session=True,
            )
        )
        try:
            return cls(await asyncio.shield(creating))
        except asyncio.CancelledError:
            await cls(await creating).end()
            raise

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
        """And with it what its sandbox has around it, which may not have come so far that it would die with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Kills it, if it has not ended. Nothing of it is left then, but for what the kernel holds."""
        self.kill()
        self.hang_up()
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GONE_SECONDS):
                await self._process.wait()
                while await self._process.stdout.read(wire.MAX_FRAME):  # it ends with the last who could write to it
                    pass


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
