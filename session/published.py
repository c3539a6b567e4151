"""A value that others follow: the newest one, never a queue of old ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Published(Generic[_T]):
    """Set it in one place; every follower gets the present value at once and then each newer one.

    A slow follower skips what was overtaken: snapshots are whole, so nothing is lost by that.
    """

    def __init__(self, value: _T) -> None:
        self._value = value
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def value(self) -> _T:
        return self._value

    def set(self, value: _T) -> None:
        if value == self._value:
            return
        self._value = value
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncGenerator[_T, None]:
        seen = -1
        while True:
            if seen == self._version:
                await self._changed.wait()
            seen = self._version
            yield self._value

    async def until(self, wanted: object) -> None:
        """Waits until the value equals `wanted`."""
        async with contextlib.aclosing(self.follow()) as values:
            async for value in values:
                if value == wanted:
                    return
