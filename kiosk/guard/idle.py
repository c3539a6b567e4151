"""Tells the session that somebody is there.

While a session is on, the X server's own idle time is read once a second; it counts every real and synthetic
event (XTEST, hence the on-screen keyboard) whichever window had it. Outside a session nothing runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from session import rpc, wire
from session.model import Snapshot, State

logger = logging.getLogger(__name__)

CONTROL = "org.marchepied.Session"

_WATCHED = frozenset({State.ACTIVE, State.WARNING})
_PERIOD = 1.0
_GRAIN = 0.01
"""Seconds; the server counts in milliseconds and may read a coarse clock."""
_RETRY = 1.0


class Empty(msgspec.Struct, frozen=True):
    """An answer without content."""


class IdleWatch:
    """`idle_seconds` says how long ago the last input was. `control` is the session's socket."""

    def __init__(
        self,
        control: Path,
        idle_seconds: Callable[[], float],
        on_snapshot: Callable[[Snapshot], None] = lambda _snapshot: None,
    ) -> None:
        self._control = control
        self._idle_seconds = idle_seconds
        self._on_snapshot = on_snapshot
        self._told = time.monotonic()
        """The time of the newest input that the session knows of."""

    async def run(self) -> None:
        """Until cancelled. A session daemon that is away is waited for."""
        while True:
            with contextlib.suppress(OSError, wire.WireError, rpc.CallFailed, rpc.Denied, rpc.Refused):
                await self._follow()
            await asyncio.sleep(_RETRY)

    async def _follow(self) -> None:
        client = await rpc.Client.connect(self._control, CONTROL)
        polling: asyncio.Task[None] | None = None
        try:
            async for snapshot in client.stream("Watch", Snapshot):
                self._on_snapshot(snapshot)
                wanted = snapshot.state in _WATCHED
                if wanted and (polling is None or polling.done()):
                    # The tap that began the session is no news.
                    self._told = max(self._told, snapshot.started_at or 0.0)
                    polling = asyncio.create_task(self._poll())
                elif not wanted and polling is not None:
                    polling.cancel()
                    polling = None
        finally:
            if polling is not None:
                polling.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await polling
            await client.close()

    async def _poll(self) -> None:
        client: rpc.Client | None = None
        try:
            while True:
                await asyncio.sleep(_PERIOD)
                # The question takes its time, on a busy machine a lot of it. The input came between these two, and
                # it is news only if all of that is later than what was told: else a slow answer would look like
                # somebody, and keep a deserted session alive.
                before = time.monotonic()
                idle = self._idle_seconds()
                after = time.monotonic()
                if before - idle <= self._told + _GRAIN:
                    continue
                try:
                    client = client or await rpc.Client.connect(self._control, CONTROL)
                    await client.call("Activity", Empty)
                    self._told = after - idle
                except (rpc.Refused, rpc.Denied, rpc.CallFailed) as error:
                    # The session ended meanwhile; the snapshot that says so is on its way.
                    logger.debug("activity was not wanted: %s", type(error).__name__)
                    self._told = after - idle
                except (OSError, wire.WireError) as error:
                    logger.warning("activity could not be told: %s", type(error).__name__)
                    if client is not None:
                        await client.close()
                    client = None
        finally:
            if client is not None:
                await client.close()


async def say_ready(control: Path, component: str, *, patience: float) -> None:
    """Calls Ready, as soon as somebody listens. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while True:
            try:
                client = await rpc.Client.connect(control, CONTROL)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            try:
                await client.call("Ready", Empty, component=component)
                return
            except OSError:
                await asyncio.sleep(0.02)
            finally:
                await client.close()
