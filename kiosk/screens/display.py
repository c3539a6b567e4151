"""How the screens look: the size of words, and the colours."""

from __future__ import annotations

import functools
from collections.abc import Callable

from kivy.uix.boxlayout import BoxLayout

from kiosk import theme
from kiosk.screens.sheet import FullSheet, Host, basics, load_rules
from kiosk.widgets import look


class Display(FullSheet):
    def __init__(self, host: Host) -> None:
        super().__init__(host)
        for size in theme.TextSize:
            look_like = functools.partial(host.look_like, text_size=size)
            self._offer(self.ids.sizes, f"display.{size}", size is host.local.text_size, look_like)
        for colours in theme.Colours:
            look_like = functools.partial(host.look_like, colours=colours)
            self._offer(self.ids.colours, f"display.{colours}", colours is host.local.colours, look_like)

    def _offer(self, row: BoxLayout, key: str, chosen: bool, choose: Callable[[], None]) -> None:
        button = basics.Action(text=self.say(key), style="chosen" if chosen else "plain", height=look.h(96))
        button.bind(on_release=lambda _button: choose())
        row.add_widget(button)


load_rules(__file__)
SCREEN = Display
