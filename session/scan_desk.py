"""The desk's end of the line to the scan worker: what it shows, over its restarts, and the screens' calls passed on.

The worker has the pages; the desk keeps nothing of them but the newest state.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from scanner.model import Correction, ScannerState, ScanProblem, ScanStage
from session import rpc, wire

logger = logging.getLogger(__name__)

INTERFACE = "org.marchepied.Scanner"
SOCKET = Path("scanner", "socket")
"""Below the directory of the sockets."""
AGAIN_SECONDS = 0.25
AWAY_SECONDS = 5.0
"""A worker that is away for so long is said to be: until then it is being started anew."""
_ERRORS = (OSError, wire.WireError, rpc.CallFailed, rpc.Denied)


class _Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


class _Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str


class _Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str
    by: Annotated[int, Meta(ge=-1_000, le=1_000)]


class _Correct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str
    correction: Correction
    on: bool


class _Kept(msgspec.Struct, frozen=True):
    document: str


class _Done(msgspec.Struct, frozen=True):
    pass


class PictureFile(msgspec.Struct, frozen=True):
    name: str
    width: int
    height: int


class ScanDesk:
    """`tell` is called with each new state; `keeping` is entered while a document is made of the pages, left once it
    is there and they are not: so they go, and it comes, in one and the same snapshot.
    """

    def __init__(
        self, run: Path, tell: Callable[[ScannerState], None], keeping: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._socket, self._tell, self._keeping = run / SOCKET, tell, keeping
        self._state: ScannerState | None = None
        """None before the first worker was heard: until then there is nothing to show."""

    def offer(self, service: rpc.Service, uids: frozenset[int]) -> None:
        """Adds the methods of a scanner. `Picture` is not among them: more than pages have pictures."""
        service.add("Look", self._look, uids=uids)
        service.add("Scan", self._scan, uids=uids)
        service.add("StopScan", self._stop_scan, uids=uids)
        service.add("Card", self._card, parameters=_Card, uids=uids)
        service.add("Retake", self._retake, parameters=_Page, uids=uids)
        service.add("Turn", self._turn, parameters=_Page, uids=uids)
        service.add("Move", self._move, parameters=_Move, uids=uids)
        service.add("DropPage", self._drop_page, parameters=_Page, uids=uids)
        service.add("Correct", self._correct, parameters=_Correct, uids=uids)
        service.add("Keep", self._keep, uids=uids)

    async def run(self) -> None:
        """Follows one worker after the other. Ends by cancellation."""
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            try:
                client = await rpc.Client.connect(self._socket, INTERFACE)
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

    async def picture(self, page: str, version: int, width: int, height: int) -> PictureFile:
        """How a scanned page looks. Raises rpc.Refused."""
        size = {"width": width, "height": height}
        file: PictureFile = await self._ask("Picture", PictureFile, of=page, version=version, **size)
        return file

    def has(self, page: str) -> bool:
        """Whether it is a scanned page, and no document."""
        return self._state is not None and any(one.id == page for one in self._state.pages)

    def _show(self, state: ScannerState) -> None:
        if state != self._state:
            self._state = state
            self._tell(state)

    async def _look(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """The visitor is at the scanner: is there one, and where would a page come from?"""
        await self._ask("Look", _Done)

    async def _scan(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """One page, or all that is in the feeder."""
        await self._ask("Scan", _Done)

    async def _stop_scan(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """The page that is arriving is not kept; those before it are."""
        await self._ask("StopScan", _Done)

    async def _card(self, _caller: rpc.Caller, parameters: _Card) -> None:
        """Whether both faces of a small card come on one page."""
        await self._ask("Card", _Done, on=parameters.on)

    async def _retake(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """Scans what is on the glass in place of a page."""
        await self._ask("Retake", _Done, page=parameters.page)

    async def _turn(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """A quarter, clockwise."""
        await self._ask("Turn", _Done, page=parameters.page)

    async def _move(self, _caller: rpc.Caller, parameters: _Move) -> None:
        """Towards the end of the document; towards its beginning by a negative number."""
        await self._ask("Move", _Done, page=parameters.page, by=parameters.by)

    async def _drop_page(self, _caller: rpc.Caller, parameters: _Page) -> None:
        """It is gone at once."""
        await self._ask("DropPage", _Done, page=parameters.page)

    async def _correct(self, _caller: rpc.Caller, parameters: _Correct) -> None:
        """Puts a correction in force again, or undoes it."""
        correction = parameters.correction.value
        await self._ask("Correct", _Done, page=parameters.page, correction=correction, on=parameters.on)

    async def _keep(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        """Makes a document of the pages."""
        with self._keeping():
            await self._ask("Keep", _Kept)
            self._show(msgspec.structs.replace(self._state or ScannerState(), stage=ScanStage.READY, pages=()))

    async def _ask(self, method: str, kind: Any, **parameters: Any) -> Any:
        """One call on a connection of its own. Raises rpc.Refused, of code `away` while there is no worker."""
        try:
            client = await rpc.Client.connect(self._socket, INTERFACE)
            try:
                return await client.call(method, kind, **parameters)
            finally:
                await client.close()
        except _ERRORS as error:
            logger.warning("the scan worker does not take %s: %s", method, type(error).__name__)
            raise rpc.Refused("away") from None


def _without(state: ScannerState, stage: ScanStage, problem: ScanProblem | None = None) -> ScannerState:
    return msgspec.structs.replace(state, stage=stage, problem=problem, percent=None)
