"""The desk's end of the line to the scan worker: what it shows, over its restarts, and the screens' calls passed on.

The worker has the pages; the desk keeps nothing of them but the newest state.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from scanner import calls
from scanner.model import ScannerState, ScanProblem, ScanStage
from session import rpc, wire
from session.desk import daemon_line

logger = logging.getLogger(__name__)

SOCKET = Path("scanner", "socket")
"""Below the directory of the sockets."""
AGAIN_SECONDS = 0.25
AWAY_SECONDS = 5.0
"""A worker that is away for so long is said to be: until then it is being started anew."""
_KEEP_SECONDS = 5.0
"""What is refused is refused sooner; the caller's own patience is 15 s."""
_T = TypeVar("_T")
_ERRORS = (OSError, wire.WireError, rpc.CallFailed, rpc.Denied)


class _Done(msgspec.Struct, frozen=True):
    pass


class _Moves(msgspec.Struct, frozen=True):
    count: int


class ScanDesk:
    """`tell` is called with each new state; `keeping` is entered while a document is made of the pages, left once it
    is there and they are not: so they go, and it comes, in one and the same snapshot.
    """

    def __init__(
        self, run: Path, tell: Callable[[ScannerState], None], keeping: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._socket, self._tell, self._keeping = run / SOCKET, tell, keeping
        self._control = run / "control"
        self._state: ScannerState | None = None
        """None before the first worker was heard: until then there is nothing to show."""
        self._kept: asyncio.Task[None] | None = None

    def offer(self, service: rpc.Service, uids: frozenset[int]) -> None:
        """Adds the methods of a scanner. `Picture` is not among them: more than pages have pictures."""
        service.add("Look", self._look, uids=uids)
        service.add("Scan", self._scan, uids=uids)
        service.add("StopScan", self._stop_scan, uids=uids)
        service.add("Card", self._card, parameters=calls.CardParameters, uids=uids)
        service.add("Retake", self._retake, parameters=calls.PageParameters, uids=uids)
        service.add("Turn", self._turn, parameters=calls.PageParameters, uids=uids)
        service.add("Move", self._move, parameters=calls.MoveParameters, uids=uids)
        service.add("DropPage", self._drop_page, parameters=calls.PageParameters, uids=uids)
        service.add("Correct", self._correct, parameters=calls.CorrectParameters, uids=uids)
        service.add("Keep", self._keep, uids=uids)
        service.add("StopKeep", self._stop_keep, uids=uids)

    async def run(self) -> None:
        """Follows one worker after the other, and what the daemon sees of USB. Ends by cancellation."""
        plugs = asyncio.create_task(self._follow_plugs())
        try:
            await self._follow()
        finally:
            plugs.cancel()
            await asyncio.gather(plugs, return_exceptions=True)

    async def _follow_plugs(self) -> None:
        """Has the worker look each time that the daemon says that a scanner may have come or gone."""
        while True:
            with contextlib.suppress(*_ERRORS, rpc.Refused):
                client = await rpc.Client.connect(self._control, daemon_line.INTERFACE)
                try:
                    async for moves in client.stream("WatchScanners", _Moves):
                        if moves.count:
                            with contextlib.suppress(rpc.Refused):
                                await self.ask("Plugged", _Done)
                finally:
                    await client.close()
            await asyncio.sleep(daemon_line.AGAIN_SECONDS)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            try:
                client = await rpc.Client.connect(self._socket, calls.INTERFACE)
                try:
                    async for state in client.stream("Watch", ScannerState):
                        self._show(state)
                finally:
                    heard_at = loop.time()
                    await client.close()
            except (*_ERRORS, rpc.Refused) as error:
                logger.debug("the scan worker is not heard: %s", type(error).__name__)
            away = loop.time() - heard_at
            now = self._state or ScannerState()
            if away > AWAY_SECONDS:
                self._show(_without(now, ScanStage.PROBLEM, ScanProblem.FAILED))
            elif now.stage is ScanStage.SCANNING:
                # Its pages come back with it; the one that was arriving does not.
                self._show(_without(now, ScanStage.LOOKING))
            await asyncio.sleep(AGAIN_SECONDS if away < AWAY_SECONDS else 4 * AGAIN_SECONDS)

    def _show(self, state: ScannerState) -> None:
        if state != self._state:
            self._state = state
            self._tell(state)

    async def _look(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """The visitor is at the scanner: is there one, and where would a page come from?"""
        await self.ask("Look", _Done)

    async def _scan(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """One page, or all that is in the feeder."""
        await self.ask("Scan", _Done)

    async def _stop_scan(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """The page that is arriving is not kept; those before it are."""
        await self.ask("StopScan", _Done)

    async def _card(self, _caller: rpc.Caller, parameters: calls.CardParameters) -> None:
        """Whether both faces of a small card come on one page."""
        await self.ask("Card", _Done, on=parameters.on)

    async def _retake(self, _caller: rpc.Caller, parameters: calls.PageParameters) -> None:
        """Scans what is on the glass in place of a page."""
        await self.ask("Retake", _Done, page=parameters.page)

    async def _turn(self, _caller: rpc.Caller, parameters: calls.PageParameters) -> None:
        """A quarter, clockwise."""
        await self.ask("Turn", _Done, page=parameters.page)

    async def _move(self, _caller: rpc.Caller, parameters: calls.MoveParameters) -> None:
        """Towards the end of the document; towards its beginning by a negative number."""
        await self.ask("Move", _Done, page=parameters.page, by=parameters.by)

    async def _drop_page(self, _caller: rpc.Caller, parameters: calls.PageParameters) -> None:
        """It is gone at once."""
        await self.ask("DropPage", _Done, page=parameters.page)

    async def _correct(self, _caller: rpc.Caller, parameters: calls.CorrectParameters) -> None:
        """Puts a correction in force again, or undoes it."""
        correction = parameters.correction.value
        await self.ask("Correct", _Done, page=parameters.page, correction=correction, on=parameters.on)

    async def _keep(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """Makes a document of the pages. How far it is, and what takes long, is seen in the states."""
        self._kept = keeping = asyncio.create_task(self._make_document())
        keeping.add_done_callback(_looked_at)
        await asyncio.wait({keeping}, timeout=_KEEP_SECONDS)
        if keeping.done():
            keeping.result()

    async def _make_document(self) -> None:
        """Whoever asked for it may not wait so long: it goes on."""
        with self._keeping():
            try:
                await self.ask("Keep", calls.Kept)
            except rpc.Refused as refusal:
                if refusal.code == "stopped":
                    return
                raise
            self._show(msgspec.structs.replace(self._state or ScannerState(), stage=ScanStage.READY, pages=()))

    async def _stop_keep(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """The pages stay what they are."""
        await self.ask("StopKeep", _Done)

    async def ask(self, method: str, kind: type[_T], **parameters: Any) -> _T:
        """One call on a connection of its own. Raises rpc.Refused, of code `away` while there is no worker."""
        try:
            client = await rpc.Client.connect(self._socket, calls.INTERFACE)
            try:
                return await client.call(method, kind, **parameters)
            finally:
                await client.close()
        except _ERRORS as error:
            logger.warning("the scan worker does not take %s: %s", method, type(error).__name__)
            raise rpc.Refused("away") from None

    async def stream(self, method: str, kind: type[_T], **parameters: Any) -> AsyncGenerator[_T, None]:
        """Each answer of a call that goes on. Raises OSError, wire.WireError, and what rpc raises."""
        client = await rpc.Client.connect(self._socket, calls.INTERFACE)
        try:
            async for answer in client.stream(method, kind, **parameters):
                yield answer
        finally:
            await client.close()


def _looked_at(task: asyncio.Task[None]) -> None:
    """What went wrong after its caller was answered is in the log, and in the states: the pages are there."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("no document was made: %s", type(error).__name__)


def _without(state: ScannerState, stage: ScanStage, problem: ScanProblem | None = None) -> ScannerState:
    return msgspec.structs.replace(state, stage=stage, problem=problem, percent=None)
