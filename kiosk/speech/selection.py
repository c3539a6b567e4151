"""The text that somebody marked on a page, asked for once, when "Écouter" is tapped.

Not X's PRIMARY selection, which would be simpler: Chromium puts there whatever is marked, a password too (measured,
Chromium 156). It copies no password, though, so the page is made to copy what is marked, and what is then on the
clipboard is read if it is new. Whoever owns that answers when and what it likes: a bounded time is waited, and a
bounded text is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from Xlib import X, display, error
from Xlib.ext import xfixes

from kiosk import plain
from kiosk.speech.ssip import MAX_TEXT

COPY_SECONDS = 0.7
"""How long a page may take to copy. One on which nothing is marked never does."""
ANSWER_SECONDS = 1.0
_PROPERTY = "MARCHEPIED_MARKED"


async def marked(copy: Callable[[], Awaitable[None]]) -> str:
    """One line; empty when nothing is marked, or it may not be copied, and when nobody answers.

    `copy` makes the page copy; what it raises is the caller's.
    """
    try:
        connection = display.Display()
    except (error.DisplayError, error.ConnectionClosedError, OSError):
        return ""
    try:
        return plain.clean(await _Asker(connection).ask(copy), MAX_TEXT)
    except (TimeoutError, error.XError, error.ConnectionClosedError, OSError):
        return ""
    finally:
        with contextlib.suppress(error.ConnectionClosedError, OSError):
            connection.close()


class _Asker:
    """One question, on a connection of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._window = connection.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self._clipboard = connection.intern_atom("CLIPBOARD")
        connection.xfixes_query_version()
        connection.xfixes_select_selection_input(
            self._window, self._clipboard, xfixes.XFixesSetSelectionOwnerNotifyMask
        )
        connection.sync()
        self._new_owner = connection.extension_event.SetSelectionOwnerNotify

    async def ask(self, copy: Callable[[], Awaitable[None]]) -> str:
        await copy()
        async with asyncio.timeout(COPY_SECONDS):
            await self._event(lambda one: (one.type, getattr(one, "sub_code", 0)) == self._new_owner)
        text, place = self._connection.intern_atom("UTF8_STRING"), self._connection.intern_atom(_PROPERTY)
        self._window.convert_selection(self._clipboard, text, place, X.CurrentTime)
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await self._event(lambda one: one.type == X.SelectionNotify)
        return self._taken(answer.property, text)

    def _taken(self, place: int, kind: int) -> str:
        """A very long text comes in pieces (INCR, another kind): so long a one is not read at all."""
        if place == X.NONE:
            return ""
        found = self._window.get_property(place, kind, 0, MAX_TEXT)
        untrusted_text = bytes(found.value) if found is not None and found.format == 8 else b""
        return untrusted_text.decode("utf-8", "replace")

    async def _event(self, wanted: Callable[[Any], bool]) -> Any:
        """The next event that is wanted; the others are dropped."""
        came = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._connection.fileno(), came.set)
        try:
            while True:
                self._connection.flush()
                while self._connection.pending_events():
                    received = self._connection.next_event()
                    if wanted(received):
                        return received
                came.clear()
                await came.wait()
        finally:
            loop.remove_reader(self._connection.fileno())
