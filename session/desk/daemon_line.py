"""What the desk hears of the daemon, and asks of it: the session's public state, and the calls that are the desk's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from session import rpc, wire
from session.model import Snapshot

logger = logging.getLogger(__name__)

INTERFACE = "org.marchepied.Session"
AGAIN_SECONDS = 1.0


class _Done(msgspec.Struct, frozen=True):
    pass


class DaemonLine:
    """`control` is the daemon's socket."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self.snapshot: Snapshot | None = None
        """The newest; None before the first."""

    async def follow(self, news: Callable[[Snapshot | None, Snapshot], None]) -> None:
        """Calls `news` with the state before and the state now, over restarts of the daemon. Ends by cancellation."""
        while True:
            try:
                client = await rpc.Client.connect(self._control, INTERFACE)
                try:
                    async for snapshot in client.stream("Watch", Snapshot):
                        before, self.snapshot = self.snapshot, snapshot
                        news(before, snapshot)
                finally:
                    await client.close()
            except (OSError, wire.WireError, rpc.Refused, rpc.Denied, rpc.CallFailed) as error:
                logger.debug("the daemon is not heard: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def ask(self, method: str, **parameters: str) -> None:
        """One call. Raises rpc.Refused, rpc.Denied, rpc.CallFailed, OSError, wire.WireError."""
        client = await rpc.Client.connect(self._control, INTERFACE)
        try:
            await client.call(method, _Done, **parameters)
        finally:
            await client.close()

    async def tell(self, method: str, **parameters: str) -> bool:
        """The same, whatever comes of it: a daemon that does not listen yet is asked again for a while."""
        for pause in (0.1, 0.2, 0.5, 1.0, 2.0):
            try:
                await self.ask(method, **parameters)
            except (rpc.Refused, rpc.Denied, rpc.CallFailed) as error:
                logger.warning("the daemon does not take %s: %s", method, type(error).__name__)
                return False
            except (OSError, wire.WireError):
                await asyncio.sleep(pause)
            else:
                return True
        logger.error("the daemon does not listen")
        return False
