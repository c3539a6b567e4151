"""A service with one method of each kind, for the tests of the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from session import wire
from session.rpc import Caller, Denied, NoParameters, Refused, Service

NAME = "org.marchepied.Test"
OTHER = 64_901
SECRET = "hunter-2-secret"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int


class Trial:
    """A service with one method of each kind."""

    def __init__(self) -> None:
        self.service = Service(NAME)
        self.called: list[str] = []
        self.endless = asyncio.Event()
        self.given = 0
        self.closed = 0
        add = self.service.add
        add("Echo", self._echo, parameters=Text, uids=None)
        add("Slow", self._slow, parameters=Text, uids=None)
        add("Root", self._root, parameters=Text, uids=frozenset({0}))
        add("Other", self._echo, parameters=Text, uids=frozenset({OTHER}))
        add("Who", self._who, uids=None)
        add("Break", self._break, parameters=Text, uids=None)
        add("Count", self._count, parameters=Count, uids=None)
        add("Fall", self._fall, parameters=Text, uids=None)
        add("Flood", self._flood, uids=None)
        add("Wait", self._wait, uids=None)
        add("Hang", self._hang, uids=None)

    def _echo(self, _caller: Caller, parameters: Text) -> Text:
        self.called.append(parameters.text)
        return parameters

    async def _slow(self, _caller: Caller, parameters: Text) -> Text:
        for _ in range(5):
            await asyncio.sleep(0)
        return self._echo(_caller, parameters)

    def _root(self, _caller: Caller, _parameters: Text) -> None:
        self.called.append("root")

    def _who(self, caller: Caller, _parameters: NoParameters) -> Caller:
        return caller

    def _break(self, _caller: Caller, parameters: Text) -> Any:
        match parameters.text:
            case "denied":
                raise Denied
            case "refused":
                raise Refused("wrong_state")
            case "connection":
                raise BrokenPipeError("the handler's own")
            case "wire":
                raise wire.WireError("the handler's own")
            case "timeout":
                raise TimeoutError
            case "unknown type":
                return {"answer": object()}
            case "long":
                return {"answer": "x" * wire.MAX_FRAME}
        raise RuntimeError("a mistake of ours")

    async def _count(self, _caller: Caller, parameters: Count) -> AsyncIterator[Count]:
        for number in range(parameters.count):
            yield Count(number)

    async def _fall(self, _caller: Caller, parameters: Text) -> AsyncIterator[Text]:
        yield parameters
        self._break(_caller, parameters)

    async def _flood(self, _caller: Caller, _parameters: NoParameters) -> AsyncIterator[Text]:
        try:
            while True:
                self.given += 1
                yield Text("x" * 10_000)
        finally:
            self.closed += 1

    async def _wait(self, _caller: Caller, _parameters: NoParameters) -> AsyncIterator[Count]:
        try:
            yield Count(0)
            await self.endless.wait()
            yield Count(1)
        finally:
            await asyncio.sleep(0)
            self.closed += 1

    async def _hang(self, _caller: Caller, _parameters: NoParameters) -> None:
        self.called.append("hang")
        await self.endless.wait()


def method(name: str) -> str:
    return f"{NAME}.{name}"
