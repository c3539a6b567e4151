"""Between a visitor's USB key and the documents: what the screens ask, and what comes of it among the papers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from session import rpc
from session.desk.documents import id_of
from session.desk.papers import PapersDesk
from session.keys.desk import Arrived, KeyDesk
from session.papers import Origin


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str


class _Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    name: str
    """What the screens call it: on the key it is called so."""


class _Copy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    documents: tuple[_Named, ...]


class KeyShelf:
    """`run` is the directory of the sockets."""

    def __init__(self, run: Path, papers: PapersDesk) -> None:
        self._papers = papers
        self._turn = asyncio.Lock()
        self._vain: set[str] = set()
        """Files of which no picture can be made. Ids are never used again."""
        self._desk = KeyDesk(run / "control", run, papers.made_here, self._tell, self._arrived, self._copied)

    def offer(self, service: rpc.Service, uids: frozenset[int]) -> None:
        """Adds its methods."""
        service.add("TakeFromKey", self._take, parameters=_File, uids=uids)
        service.add("CopyToKey", self._copy, parameters=_Copy, uids=uids)
        service.add("LeaveKey", self._leave, uids=uids)

    async def run(self) -> None:
        """Follows the daemon. Ends by cancellation."""
        self._tell()
        await self._desk.run()

    def _take(self, _caller: rpc.Caller, parameters: _File) -> None:
        """Copies a file of the key into the documents."""
        self._desk.take_from_key(parameters.file)

    def _copy(self, _caller: rpc.Caller, parameters: _Copy) -> None:
        """Copies documents to the key."""
        self._desk.copy_to_key([self._papers.outgoing(one.document, one.name) for one in parameters.documents])

    def _leave(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> None:
        self._desk.leave_key()

    @contextlib.asynccontextmanager
    async def peeked(self, file: str) -> AsyncIterator[str | None]:
        """The id of a copy of a file on the key, there as long as its picture is made; None if there is none.

        One at a time: each opens the key anew.
        """
        if file in self._vain or all(one.id != file for one in self._desk.state.files):
            yield None
            return
        async with self._turn:
            path = await self._desk.peek(file)
            try:
                yield id_of(path.lstat()) if path is not None else None
            except rpc.Refused:
                self._vain.add(file)
                raise
            finally:
                if path is not None:
                    path.unlink(missing_ok=True)

    def _tell(self) -> None:
        state = self._desk.state
        # Each may have a picture: it is made when a screen asks for it.
        files = tuple(msgspec.structs.replace(one, picture=1) for one in state.files)
        self._papers.tell(key=msgspec.structs.replace(state, files=files))

    def _arrived(self, arrived: Arrived) -> None:
        self._papers.came_from(id_of(arrived.path.lstat()), Origin.KEY, arrived.name)

    def _copied(self, documents: Sequence[str]) -> None:
        self._papers.used(*documents)
