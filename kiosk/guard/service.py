"""org.marchepied.Guard: what the UI may ask of the guard, on $MARCHEPIED_RUN/guard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import msgspec

from kiosk.guard.hands import Hands
from kiosk.guard.keys import Action, Keys, NoKey
from kiosk.guard.kinds import Refusal
from kiosk.guard.outputs import Outputs
from kiosk.guard.places import Mode
from kiosk.guard.typist import Typist, is_character
from kiosk.guard.windows import WindowManager
from kiosk.keyboard.keys import Named
from session import rpc

INTERFACE = "org.marchepied.Guard"

_Pixels = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Window = Annotated[int, msgspec.Meta(ge=1, lt=1 << 29)]


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Mode
    height: _Pixels | None = None
    """Pixels of the bar, if not the settings'."""
    foot: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Pixels at the bottom that are the on-screen keyboard's, in the `bar` layout."""
    window: _Window | None = None
    """The UI's own X window. Who can open this socket is the UI; who can set WM_CLASS may be anybody."""


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    action: Action


class Type(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] | None = None
    key: Named | None = None


class GuardState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts and sizes: nothing of what the windows hold."""

    mode: Mode
    bar_height: int
    """Pixels, on this screen."""
    ui: bool
    main: bool
    popups: int
    refused: int
    """Windows that were never shown."""
    choosers: int
    """File choosers among them: somebody is left without an answer, and must be told."""
    foot: int
    """Pixels of the keyboard, on this screen."""
    touches: int
    """Of pages. Not where."""
    strokes: int
    """Times that somebody began to use a real keyboard while the one on the screen was there."""
    dpi: float
    """Dots per inch of the panel, by what it says itself; 0 if it says nothing that can be believed."""
    swallowed: int
    """Presses of keys and buttons. Counting them wakes nobody: Watch tells it with the next change."""


class GuardService:
    """Puts the calls to the window manager and the keyboard."""

    def __init__(
        self, windows: WindowManager, keys: Keys, typist: Typist, hands: Hands, outputs: Outputs
    ) -> None:
        self._windows, self._keys, self._typist, self._hands = windows, keys, typist, hands
        self._outputs = outputs
        self._news = asyncio.Event()
        own = frozenset({os.getuid()})
        self._service = rpc.Service(INTERFACE)
        self._service.add("Layout", self._layout, parameters=Layout, uids=own)
        self._service.add("Press", self._press, parameters=Press, uids=own)
        self._service.add("Type", self._type, parameters=Type, uids=own)
        self._service.add("State", self._state, uids=own)
        self._service.add("Watch", self._watch, uids=own)

    async def start(self, path: Path) -> None:
        await self._service.start(path, mode=0o600)

    async def stop(self) -> None:
        await self._service.stop()

    def changed(self) -> None:
        """The public picture is another one."""
        self._news.set()
        self._news = asyncio.Event()

    @property
    def state(self) -> GuardState:
        windows = self._windows
        return GuardState(
            mode=windows.shown,
            bar_height=windows.bar,
            ui=windows.ui is not None,
            main=windows.main is not None,
            popups=len(windows.popups),
            refused=windows.refused.total(),
            choosers=windows.refused[Refusal.FILE_CHOOSER],
            foot=windows.areas.foot,
            touches=self._hands.touches,
            strokes=self._hands.strokes,
            dpi=self._outputs.dpi,
            swallowed=self._keys.swallowed,
        )

    def _layout(self, _caller: rpc.Caller, wanted: Layout) -> None:
        """Returns when it is done on the screen."""
        before = self._windows.areas.foot
        self._windows.layout(wanted.mode, height=wanted.height, foot=wanted.foot, claim=wanted.window)
        after = self._windows.areas.foot
        if after != before:
            self._hands.keyboard(after > 0)

    def _press(self, _caller: rpc.Caller, wanted: Press) -> None:
        """Only while a page has the keyboard: else it would go to the UI."""
        self._need_page()
        try:
            self._keys.press(wanted.action)
        except NoKey:
            raise rpc.Refused("no_key") from None

    def _type(self, _caller: rpc.Caller, wanted: Type) -> None:
        """One character or one key, into the page, as the on-screen keyboard wants it."""
        self._need_page()
        try:
            if wanted.key is not None and wanted.text is None:
                self._typist.press(wanted.key)
            elif wanted.key is None and wanted.text is not None and is_character(wanted.text):
                self._typist.type(wanted.text)
            else:
                raise rpc.Refused("no_key")
        except NoKey:
            raise rpc.Refused("no_key") from None

    def _need_page(self) -> None:
        if self._windows.shown is not Mode.BAR or not self._windows.pages:
            raise rpc.Refused("wrong_state")

    def _state(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> GuardState:
        return self.state

    async def _watch(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> AsyncIterator[GuardState]:
        """The state now and at each change."""
        while True:
            news = self._news
            yield self.state
            await news.wait()
