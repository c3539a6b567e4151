"""A line of text that opens something when it is held: for who knows of it, and in nobody's way."""

from __future__ import annotations

from kivy.clock import Clock

from kiosk.widgets.basics import Foreign

HOLD_SECONDS = 1.5


class Held(Foreign):
    """`on_hold` comes once a touch has stayed on it for so long. A tap does nothing."""

    __events__ = ("on_hold",)

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self._waiting = Clock.create_trigger(lambda _seconds: self.dispatch("on_hold"), HOLD_SECONDS)

    def on_hold(self) -> None:
        """What an event of Kivy's calls first."""

    def on_touch_down(self, touch: object) -> bool:
        if not self.collide_point(*touch.pos):  # type: ignore[attr-defined]
            return False
        self._waiting()
        return True

    def on_touch_move(self, touch: object) -> bool:
        if not self.collide_point(*touch.pos):  # type: ignore[attr-defined]
            self._waiting.cancel()
        return False

    def on_touch_up(self, _touch: object) -> bool:
        self._waiting.cancel()
        return False
