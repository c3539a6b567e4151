"""The pages of the store, made right by the press and shown: what is to be done next, and what of it is for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine

import msgspec

from scanner import calls
from scanner.messages import Compact, Encode, Prepare, Show
from scanner.pictures import Pictures
from scanner.presses import Press
from scanner.store import Page, Store

logger = logging.getLogger(__name__)


class Maker:
    """`changed` is called when a page looks another way."""

    def __init__(self, store: Store, press: Press, pictures: Pictures, changed: Callable[[], None]) -> None:
        self._store, self._press, self._pictures, self._changed = store, press, pictures, changed
        self._making: dict[str, asyncio.Task[None]] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()
        """For what can wait: one at a time is asked of the press, and only if it is still wanted then."""

    @property
    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """To be cancelled at the end."""
        return (*self._making.values(), *self._later)

    def resume(self) -> None:
        """Takes up what is left undone, by an earlier supervisor or for want of room."""
        for page in self._store.now.pages:
            if page.id in self._making:
                continue
            if page.made != page.version:
                self.make(page, urgent=False)
            else:
                self._soon(self._put_away(page))

    async def idle(self) -> None:
        """Returns once every page was made, or could not be."""
        while self._making:
            await asyncio.wait(list(self._making.values()))

    async def encode(self, told: Callable[[float], None]) -> None:
        """The pages that are not encoded yet, for the document that is to be made of them now. `told` is called with
        the part of them that is done: 0 to 1.
        """
        pages = [page for page in self._store.now.pages if page.made]
        left = [page for page in pages if not self._store.encoded(page.id, page.made).exists()]
        waiting = len(left)

        async def one(page: Page) -> None:
            nonlocal waiting
            await self._press.encode(Encode(page.id, page.made), urgent=True)
            waiting -= 1
            told(1 - waiting / len(pages))

        async with asyncio.TaskGroup() as group:
            for page in left:
                group.create_task(one(page))

    def forget(self, pages: frozenset[str]) -> None:
        """They are about to be dropped."""
        for page in pages:
            self._pictures.forget(page)
            making = self._making.pop(page, None)
            if making is not None:
                making.cancel()

    async def picture(self, page: Page, width: int, height: int) -> calls.PictureFile | None:
        """The newest version, made at most once in this size. None: it cannot be shown, or not any more."""
        name = f"{page.id}-{page.made}-{width}x{height}"
        size = self._pictures.size(name)
        if size is None:
            target = self._pictures.path(name)
            shown = await self._press.show(Show(page.id, page.made, width, height, str(target)))
            if shown is None:
                return None
            now = self._store.find(page.id)
            if now is None or now.made != page.made:
                with contextlib.suppress(OSError):
                    target.unlink()
                return None
            size = (shown.width, shown.height)
            self._pictures.add(name, *size)
        return calls.PictureFile(name, *size)

    def make(self, page: Page, *, urgent: bool) -> None:
        """Has the press make the newest version of a page; what it is at for an older one is for nothing."""
        before = self._making.get(page.id)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(self._made(page, urgent))
        self._making[page.id] = task

        def ended(task: asyncio.Task[None]) -> None:
            if self._making.get(page.id) is task:
                del self._making[page.id]
            if not task.cancelled() and task.exception() is not None:
                logger.error("a page cannot be made", exc_info=task.exception())

        task.add_done_callback(ended)

    async def _made(self, page: Page, urgent: bool) -> None:
        task = Prepare(
            page.id, page.version, page.raw, page.back, page.undone, page.quarter_turns, verdicts=page.verdicts
        )
        prepared = await self._press.prepare(task, urgent=urgent)
        if prepared is None:
            # Better as it came than not at all.
            prepared = await self._press.prepare(msgspec.structs.replace(task, plain=True), urgent=urgent)
        now = self._store.find(page.id)
        if prepared is None or now is None or now.version != page.version:
            return
        made = msgspec.structs.replace(
            now,
            made=page.version,
            corrections=prepared.corrections,
            blank=prepared.blank,
            verdicts=prepared.verdicts or page.verdicts,
        )
        self._store.put(made)
        self._store.sweep()
        self._pictures.forget(page.id, but=page.version)
        self._changed()
        self._soon(self._put_away(made))

    async def _put_away(self, page: Page) -> None:
        """When there is nothing else to do: what a page was made of is kept in a smaller copy; then the page is encoded
        for the document that will come.
        """
        for raw in filter(None, (page.raw, page.back)):
            async with self._one:
                if self._store.raw(raw).exists():
                    await self._press.compact(Compact(raw))
        self._store.compacted(page)
        async with self._one:
            now = self._store.find(page.id)
            if now is not None and now.version == page.version:
                await self._press.encode(Encode(page.id, page.version))
                self._store.sweep()  # it may have been dropped meanwhile

    def _soon(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)
