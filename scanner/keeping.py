"""Pages become a document: each is made and encoded, then they are put together. It can be stopped all the while."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

from scanner.making import Maker
from scanner.messages import Bind, Come, Words
from scanner.presses import Press
from scanner.raster import part_of
from scanner.store import Page, Store
from session import rpc

_ENCODED = 90
"""Percent: what is left then is putting them together, and the look at what came of it."""


class Keeper:
    """`told` is called with percents."""

    def __init__(self, store: Store, maker: Maker, press: Press, directory: Path, told: Callable[[int], None]) -> None:
        self._store, self._maker, self._press, self._directory, self._told = store, maker, press, directory, told
        self._getting_ready: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def busy(self) -> bool:
        return self._getting_ready is not None

    async def keep(self) -> tuple[Path, tuple[Page, ...]]:
        """The document, and the pages that it was made of, which are still there. Refused: failed; stopped."""
        self._getting_ready, self._stopped = asyncio.create_task(self._ready()), False
        target = self._directory / f"{secrets.token_hex(8)}.pdf"
        bound = None
        try:
            await asyncio.wait({self._getting_ready})
            pages = self._store.now.pages
            if not self._stopped and all(page.made for page in pages):
                task = Bind(tuple((page.id, page.made) for page in pages), str(target))
                bound = await self._press.bind(task, self._come)
        finally:
            self._getting_ready.cancel()
            self._getting_ready = None
            if bound is None:
                part_of(target).unlink(missing_ok=True)
        if bound is None:
            raise rpc.Refused("stopped" if self._stopped else "failed")
        return target, pages

    def stop(self) -> None:
        """The pages stay what they are."""
        if self._getting_ready is not None:
            self._stopped = True
            self._getting_ready.cancel()
            self._press.drop((Bind,))

    async def _ready(self) -> None:
        self._maker.resume()  # what could not be made may be possible now: a full disk has room again
        await self._maker.idle()
        await self._maker.encode(lambda part: self._told(round(_ENCODED * part)))

    def _come(self, said: Words | Come) -> None:
        if isinstance(said, Come) and self.busy:
            self._told(_ENCODED + (100 - _ENCODED) * said.percent // 100)
