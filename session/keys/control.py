"""What the control socket offers for USB keys: to the desk of the present environment, and to nobody else."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec

from session.keys.model import Mode, Plugged, PluggedKeys
from session.keys.port import Port
from session.rpc import Caller, NoParameters, Service


class BringParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: int
    mode: Mode


class KeyControl:
    """Adds its methods to `service`. `desk` raises Denied for a caller that is not the environment's desk."""

    def __init__(self, service: Service, port: Port, uids: frozenset[int], desk: Callable[[Caller], object]) -> None:
        self._port, self._desk = port, desk
        service.add("WatchKeys", self._watch, uids=uids)
        service.add("BringKey", self._bring, parameters=BringParameters, uids=uids)

    async def _watch(self, caller: Caller, _parameters: NoParameters) -> AsyncIterator[PluggedKeys]:
        """The keys of this session, now and after each change."""
        self._desk(caller)
        async with contextlib.aclosing(self._port.published.follow()) as values:
            async for keys in values:
                yield keys

    async def _bring(self, caller: Caller, parameters: BringParameters) -> Plugged:
        """Opens a key to be read or written, or closes it; waits until that is done."""
        self._desk(caller)
        return await self._port.bring(parameters.key, parameters.mode)
