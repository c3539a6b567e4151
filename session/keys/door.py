"""The desk's end of the conversation with the reader of a key."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from session import wire
from session.keys.exchange import CHUNK, Answer, Ask, receive, send
from session.papers import KeyProblem

ANSWER_SECONDS = 30.0
"""A reader that has nothing to say for so long reads from a key that hangs."""


class Trouble(Exception):
    """What is wrong with a key."""

    def __init__(self, problem: KeyProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def enter(door: Path) -> socket.socket:
    """A connection to a reader. Raises OSError."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    try:
        end.connect(str(door))
    except OSError:
        end.close()
        raise
    return end


class Reader:
    def __init__(self, end: socket.socket) -> None:
        self._end = end

    async def ask(
        self, ask: Ask, file: int | None = None, told: Callable[[int], None] = lambda _so_far: None
    ) -> Answer:
        """The last answer. Raises Trouble for what is wrong with the key, OSError when the reader is gone."""
        send(self._end, ask, file)
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await _readable(self._end)
            except TimeoutError:
                raise Trouble(KeyProblem.FAILED) from None
            received = receive(self._end, Answer)
            if received is None:
                raise ConnectionResetError("the reader ended")
            answer, descriptor = received
            if descriptor is not None:
                os.close(descriptor)
                raise wire.WireError("a file that nobody asked for")
            if answer.problem is not None:
                raise Trouble(answer.problem)
            if answer.done:
                return answer
            told(answer.so_far)


async def digest_of(descriptor: int) -> tuple[str, int]:
    """In a thread, which may outlive its task, and so has a descriptor of its own."""
    return await asyncio.to_thread(_digest, os.dup(descriptor))


async def _readable(end: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(end, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_reader(end)


@contextlib.contextmanager
def opened_document(path: Path) -> Iterator[int]:
    """A document, which the browser may have put there. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(2, os.strerror(2))
        yield descriptor
    finally:
        os.close(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _digest(descriptor: int) -> tuple[str, int]:
    """SHA-256 and size of an open file, from its beginning. Closes it. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    try:
        while chunk := os.pread(descriptor, CHUNK, size):
            digest.update(chunk)
            size += len(chunk)
    finally:
        os.close(descriptor)
    return digest.hexdigest(), size
