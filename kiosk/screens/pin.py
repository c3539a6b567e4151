"""The pad on which an agent types a PIN, while the browser stands still.

The digits stand in another order each time, so that neither marks on the glass nor the way of a finger tell the PIN.
What is typed is shown as dots, is never spoken, and is forgotten as soon as it was sent.
"""

from __future__ import annotations

import math
import random
import time

from kivy.factory import Factory

from kiosk import plain
from kiosk.screens.sheet import FullSheet, Host, load_rules
from kiosk.widgets import look

MOST_DIGITS = 12
_CHANCE = random.SystemRandom()


class Pin(FullSheet):
    def __init__(self, host: Host) -> None:
        self._typed = ""
        super().__init__(host)
        self._lay_out()

    def _lay_out(self) -> None:
        """The ten digits in a new order, the last one between the two other keys."""
        self._typed = ""
        self._show()
        digits = list("0123456789")
        _CHANCE.shuffle(digits)
        pad = self.ids.pad
        pad.clear_widgets()
        for digit in digits[:9]:
            self._add(digit)
        self._add_other(self.say("pin.erase"), "plain", self._erase)
        self._add(digits[9])
        self._add_other(self.say("pin.send"), "main", self._send)

    def _add(self, digit: str) -> None:
        key = Factory.Key(text=digit, font_size=look.h(54))
        key.bind(on_release=lambda _key: self._type(digit))
        self.ids.pad.add_widget(key)

    def _add_other(self, text: str, style: str, on_release: object) -> None:
        key = Factory.Key(text=text, style=style)
        key.bind(on_release=on_release)
        self.ids.pad.add_widget(key)

    def _type(self, digit: str) -> None:
        if len(self._typed) < MOST_DIGITS:
            self._typed += digit
            self._show()

    def _erase(self, *_largs: object) -> None:
        self._typed = self._typed[:-1]
        self._show()

    def _send(self, *_largs: object) -> None:
        if self._typed:
            typed, self._typed = self._typed, ""
            self.host.agent.enter(typed, self._lay_out)

    def _show(self) -> None:
        self.ids.dots.text = "•" * len(self._typed)

    def _pause(self, seconds: int) -> str:
        if seconds > 120:
            return self.say.count("pin.pause_long", math.ceil(seconds / 60))
        return self.say.count("pin.pause", seconds) if seconds else ""

    def refresh(self) -> None:
        super().refresh()
        agent = self.host.snapshot.agent if self.host.snapshot is not None else None
        until = agent.locked_until if agent is not None else None
        left = plain.seconds_left(until, time.monotonic()) if until is not None else 0
        self.ids.pause.text = self._pause(left)
        self.ids.pad.disabled = left > 0


load_rules(__file__)
SCREEN = Pin
