"""Raw callers for the tests of the wire: what a client of ours would never send, and as any user."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from session.rpc import Service


class Line:
    """One connection, in bytes and in messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, method: str, parameters: Any = None, **flags: bool) -> None:
        self.write({"method": method, "parameters": parameters or {}, **flags})

    def write(self, message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\0")

    async def answer(self) -> dict[str, Any]:
        frame = await asyncio.wait_for(self.reader.readuntil(b"\0"), 5)
        answer: dict[str, Any] = json.loads(frame[:-1])
        return answer

    async def call(self, method: str, parameters: Any = None, **flags: bool) -> dict[str, Any]:
        self.send(method, parameters, **flags)
        return await self.answer()

    async def hung_up(self) -> bytes:
        """What was still to be read, once the other end is closed."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5)
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def pair(service: Service) -> AsyncIterator[Line]:
    """A caller on a socket pair; on leaving, the service has let go of it."""
    theirs, ours = socket.socketpair()
    serving = asyncio.create_task(service.serve(theirs))
    line = Line(*await asyncio.open_unix_connection(sock=ours))
    try:
        yield line
    finally:
        await line.close()
        await asyncio.wait_for(serving, 5)


@contextlib.contextmanager
def as_user(uid: int) -> Iterator[None]:
    """SO_PEERCRED tells the effective user of the moment of connect(2)."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextlib.asynccontextmanager
async def connected(path: Path, uid: int = 0) -> AsyncIterator[Line]:
    connection = socket.socket(socket.AF_UNIX)
    try:
        with as_user(uid):
            connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    line = Line(*await asyncio.open_unix_connection(sock=connection))
    try:
        yield line
    finally:
        await line.close()


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.002)


def other_tasks() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
