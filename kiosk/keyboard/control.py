"""When the on-screen keyboard is there, and who types what its keys say. No Kivy.

It comes for a text field that was touched, and for the bar's key; it goes when the field loses the focus, for the bar's
key, for somebody who uses a real keyboard, and with the page. A page that gives the focus to a field by itself does not
bring it: it would cover half of what the visitor has not read yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from kiosk import client, theme
from kiosk.keyboard.keys import Commit, Effect, Keyboard, Named, Press, opened
from session.pages import DeskSnapshot, FieldKind

TOUCH_SECONDS = 1.0
"""How long after a touch a field's focus is taken for its effect: it is heard of from another process."""
JUDGE_SECONDS = 0.5
"""After a character: if the input method did not see it by then, it went into a password."""
SETTLE_SECONDS = 0.3
"""How long a touch may take to change the focus, and the focus to go from one field to the next."""
MAX_WAITING = 50
"""Keys that wait for the guard; more are lost. Nobody types so many before they see that nothing comes."""


class Control:
    """`changed` is called when `up` did; `failed` with the code of a refusal. `size` is the display's, in pixels."""

    def __init__(
        self, guard: Path, size: tuple[int, int], changed: Callable[[], None], failed: Callable[[str], None]
    ) -> None:
        self.size = size
        self.dpi = theme.USUAL_DPI
        """Of the panel."""
        self.up = False
        self.board = Keyboard()
        """As it is, or was when it went."""
        self._guard, self._changed, self._failed = guard, changed, failed
        self._language = "fr"
        self.kind: FieldKind | None = None
        """What the field is, as far as it is known: `password` after the first character only."""
        self._field: FieldKind | None = None
        self._keyed = False
        self._judging: asyncio.TimerHandle | None = None
        self._asked = False
        """Whether the visitor asked for it by the bar's key: then no field has to have the focus."""
        self._page: str | None = None
        self._touches: int | None = None
        self._strokes: int | None = None
        """As the guard counts them; None before it was heard."""
        self._touched_at = float("-inf")
        self._looking: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Queue[Effect] = asyncio.Queue(MAX_WAITING)

    @property
    def foot(self) -> int:
        """Pixels of the display that it takes now."""
        return theme.keyboard_height(*self.size, self.dpi) if self.up else 0

    # What comes in

    def on_desk(self, desk: DeskSnapshot) -> None:
        if desk.active != self._page:
            self._page = desk.active
            self.leave()
        if self._keyed and not desk.keyed and self._judging is not None:
            # Another field: what was typed last did not go there.
            self._judging.cancel()
        before, self._field, self._keyed = self._field, desk.field, desk.keyed
        if desk.keyed:
            self._take_for(desk.field)
        if desk.field is not None and before is None and time.monotonic() - self._touched_at < TOUCH_SECONDS:
            self._show(asked=False)
        elif desk.field is None and before is not None:
            self._look_soon()

    def on_guard(self, news: client.GuardNews) -> None:
        touches, strokes = self._touches, self._strokes
        self._touches, self._strokes = news.touches, news.strokes
        if strokes is not None and news.strokes > strokes:
            self.leave()
        if touches is not None and news.touches > touches:
            self._touched_at = time.monotonic()
            self._look_soon()

    def guard_gone(self) -> None:
        """A new one counts from nothing."""
        self._touches = self._strokes = 0

    # What the visitor asks

    def toggle(self) -> None:
        """The bar's key."""
        if self.up:
            self.leave()
        else:
            self._show(asked=True)

    def leave(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._asked = False
        self._touched_at = float("-inf")
        if self.up:
            self.up = False
            self._changed()

    def speak(self, language: str) -> None:
        self._language = language

    def type(self, effect: Effect) -> None:
        """Types it after all that came before."""
        if effect == Press(Named.FIELD):
            self._asked = True  # somebody goes through the page by it: not all they come to are fields
        if not self._waiting.full():
            self._waiting.put_nowait(effect)

    async def run(self) -> None:
        """Types, one after the other. Never returns."""
        while True:
            effect = await self._waiting.get()
            parameters = {"text": effect.text} if isinstance(effect, Commit) else {"key": effect.key.value}
            call = client.Call(self._guard, client.GUARD, "Type", **parameters)
            try:
                await call.done()
                if isinstance(effect, Commit):
                    self._judge_soon()
            except client.CallError as error:
                self._failed(error.code)
            finally:
                call.close()

    # Within

    def _show(self, *, asked: bool) -> None:
        self._asked = asked and self._field is None
        if not self.up:
            self.up = True
            self.kind = self._field
            self.board = opened(self._language, self._field, self.board)
            self._changed()

    def _judge_soon(self) -> None:
        if self._judging is not None:
            self._judging.cancel()
        self._judging = asyncio.get_running_loop().call_later(JUDGE_SECONDS, self._judge)

    def _judge(self) -> None:
        self._judging = None
        if self._field is not None and not self._keyed:
            self._take_for(FieldKind.PASSWORD)

    def _take_for(self, kind: FieldKind | None) -> None:
        if self.up and kind is not self.kind:
            self.kind = kind
            self._changed()

    def _look_soon(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._look)

    def _look(self) -> None:
        """Whether a field has the focus, once a touch had its effect."""
        self._looking = None
        if self._field is None:
            if not self._asked:
                self.leave()
        elif time.monotonic() - self._touched_at < TOUCH_SECONDS:
            self._show(asked=False)
