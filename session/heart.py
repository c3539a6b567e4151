"""A sign of life: what every part of an environment tells the daemon while its loop goes round.

A process that ended is noticed by its end; one that hangs, only by its silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from session import rpc, wire
from session.model import Component

INTERFACE = "org.marchepied.Session"
BEAT_SECONDS = 3.0
_RETRY_SECONDS = 1.0


class _Done(msgspec.Struct, frozen=True):
    pass


def _nothing() -> None: ...


async def beat(control: Path, component: Component, alive: Callable[[], object] = _nothing) -> None:
    """Until cancelled. `control` is the daemon's socket; one that is away is waited for.

    `alive` is called, in the loop, before each beat: what hangs in it is silent. Its exceptions are the caller's.
    """
    while True:
        try:
            await _beat(control, component, alive)
        except (OSError, wire.WireError, rpc.CallFailed, rpc.Denied, rpc.Refused):
            await asyncio.sleep(_RETRY_SECONDS)


async def _beat(control: Path, component: Component, alive: Callable[[], object]) -> None:
    client = await rpc.Client.connect(control, INTERFACE)
    try:
        while True:
            alive()
            await client.call("Alive", _Done, component=component.value)
            await asyncio.sleep(BEAT_SECONDS)
    finally:
        await client.close()
