"""The text that somebody marked on a page: X's PRIMARY selection, asked for once, when "Écouter" is tapped.

Whoever owns it answers when and what it likes: a bounded time is waited, and a bounded text is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from Xlib import X, display, error

from kiosk import plain
from kiosk.speech.ssip import MAX_TEXT

ANSWER_SECONDS = 1.0
_PROPERTY = "MARCHEPIED_MARKED"


async def primary() -> str:
    """One line; empty when nothing is marked, and when nobody answers."""
    try:
        connection = display.Display()
    except (error.DisplayError, error.ConnectionClosedError, OSError):
        return ""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return plain.clean(await _ask(connection), MAX_TEXT)
    except (TimeoutError, error.XError, error.ConnectionClosedError, OSError):
        return ""
    finally:
        with contextlib.suppress(error.ConnectionClosedError, OSError):
            connection.close()


async def _ask(connection: Any) -> str:
    root = connection.screen().root
    window = root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    text, place = connection.intern_atom("UTF8_STRING"), connection.intern_atom(_PROPERTY)
    window.convert_selection(connection.intern_atom("PRIMARY"), text, place, X.CurrentTime)
    connection.flush()
    came = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(connection.fileno(), came.set)
    try:
        while True:
            while connection.pending_events():
                received = connection.next_event()
                if received.type == X.SelectionNotify:
                    return _taken(window, received.property, text)
            came.clear()
            await came.wait()
    finally:
        loop.remove_reader(connection.fileno())


def _taken(window: Any, place: int, kind: int) -> str:
    """A longer text comes in pieces (INCR, another kind): so long a one is not read at all."""
    if place == X.NONE:
        return ""
    found = window.get_property(place, kind, 0, MAX_TEXT)
    untrusted_text = bytes(found.value) if found is not None and found.format == 8 else b""
    return untrusted_text.decode("utf-8", "replace")
