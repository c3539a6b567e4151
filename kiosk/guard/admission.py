"""Whether a new window may be seen, by what it says of itself and by whose connection it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kiosk.guard import ewmh
from kiosk.guard.kinds import Kind, Refusal, classify
from kiosk.guard.managed import Managed
from kiosk.guard.screen import Screen, Window


class Known(NamedTuple):
    """What is on the screen already."""

    screen: Screen
    ui: Managed | None
    claimed: int | None
    """The window that the UI says is its own."""
    main: Managed | None
    popups: Sequence[Managed]


def admit(known: Known, window: Window) -> Kind | Refusal:
    return classify(
        ewmh.facts(known.screen, window),
        ui_allowed=_may_be_ui(known, window.id),
        has_main=known.main is not None,
        popups=len(known.popups),
    )


def _may_be_ui(known: Known, xid: int) -> bool:
    """By whose connection it is; the class is read elsewhere."""
    if known.ui is not None:
        return False
    screen = known.screen
    client = screen.client(xid)
    if known.claimed is not None and client != screen.client(known.claimed):
        return False
    pages = [*([known.main] if known.main else []), *known.popups]
    if any(screen.client(page.window.id) == client for page in pages):
        return False
    return not screen.known_stranger(xid)
