"""Between a visitor's USB key and the documents: what the screens ask, and what comes of it among the papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from session import rpc
from session.documents import id_of
from session.keys.desk import Arrived, KeyDesk
from session.papers import Origin
from session.papers_desk import PapersDesk


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

    def _tell(self) -> None:
        self._papers.tell(key=self._desk.state)

    def _arrived(self, arrived: Arrived) -> None:
        self._papers.came_from(id_of(arrived.path.lstat()), Origin.KEY, arrived.name)

    def _copied(self, documents: Sequence[str]) -> None:
        self._papers.used(*documents)
