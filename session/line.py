"""The server's end of one connection: who is there, answers that do not pile up, streams, the end."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from session import wire

logger = logging.getLogger(__name__)

SEND_SECONDS = 10.0
"""A caller that takes nothing from its full socket for so long is disconnected; until then only it waits."""


class HungUp(Exception):
    """The caller is gone, or reads nothing any more."""


class Caller(msgspec.Struct, frozen=True):
    """Who is at the other end, from SO_PEERCRED: nothing that the caller says."""

    uid: int
    pid: int


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    parameters: Any = None
    continues: bool = False
    error: str | None = None


def peer(connection: socket.socket) -> Caller:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, _gid = struct.unpack("iII", raw)
    return Caller(uid=uid, pid=pid)


def frame(reply: Reply) -> bytes:
    """Raises ValueError when no client could read it."""
    encoded = wire.encode(reply)
    if len(encoded) > wire.MAX_FRAME + 1:
        raise ValueError(f"an answer of {len(encoded)} bytes does not fit in a frame")
    return encoded


async def send(writer: asyncio.StreamWriter, encoded: bytes) -> None:
    """Waits while the caller has more than asyncio's 64 KiB unread, so that no answers pile up. Raises HungUp."""
    try:
        writer.write(encoded)
        async with asyncio.timeout(SEND_SECONDS):
            await writer.drain()
    except OSError:  # TimeoutError is one
        raise HungUp from None


async def close(writer: asyncio.StreamWriter) -> None:
    """Gives a caller that still reads the time to read the last answer."""
    writer.close()
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await writer.wait_closed()
    except OSError:
        pass
    finally:
        writer.transport.abort()


async def stream(
    name: str,
    caller: Caller,
    items: AsyncGenerator[Any, None],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Sends each item as it comes; returns when the handler ends or the caller hangs up."""
    gone = asyncio.ensure_future(reader.read(1))
    step: asyncio.Future[Any] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(items))
            await asyncio.wait({step, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                break
            await send(writer, frame(Reply(parameters=step.result(), continues=True)))
        if gone.exception() is None and gone.result():
            # The connection is busy until the stream ends, says Varlink; and ours do not end.
            logger.warning("%s: uid %d sent something in the middle of a stream", name, caller.uid)
    except StopAsyncIteration:
        return
    finally:
        waiting = [gone] if step is None else [gone, step]
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await items.aclose()
