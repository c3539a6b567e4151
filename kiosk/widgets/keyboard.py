"""The on-screen keyboard as it is seen and touched. What its keys do is `kiosk.keyboard.keys`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from kivy.clock import Clock
from kivy.graphics import Color, Rectangle
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.label import Label

from kiosk import theme
from kiosk.keyboard import keys
from kiosk.keyboard.keys import Effect, Keyboard, Shift
from kiosk.keyboard.layouts import ORDER, REPEATED, Do, Key, Row
from kiosk.widgets import basics, icons, look
from kiosk.words import Words
from session.pages import FieldKind

SHOWN_SECONDS = 1.5
"""How long a password's last character is to be seen."""

_ICONS = {
    Do.BACKSPACE: "erase",
    Do.LEFT: "left",
    Do.RIGHT: "right",
    Do.ENTER: "enter",
    Do.FIELD: "field",
    Do.SHIFT: "shift",
}
_LETTER, _WORD = 34, 24
"""Sizes of text, in pixels of the design."""


class KeyButton(basics.Styled, FloatLayout):
    """One key: a character, a word or a picture on a ground that changes while a finger is on it."""

    text = StringProperty("")
    icon = StringProperty("")
    font_size = NumericProperty(_LETTER)
    aside = BooleanProperty(True)
    """Read when it is come to, not with the screen."""

    def __init__(self, board: Board, key: Key) -> None:
        self._board = board
        self.key = key
        self._finger = False
        """Whether one is on it."""
        self._label = Label(bold=True)
        self._icon = icons.Icon(size_hint=(None, None))
        super().__init__(size_hint_x=key.width)
        self.add_widget(self._label)
        self.add_widget(self._icon)
        self.bind(pos=self._lay, size=self._lay, text=self._write, font_size=self._write, text_color=self._write)
        self.bind(icon=self._write)
        self.show(key)

    def show(self, key: Key) -> None:
        """Becomes this key, in the same place."""
        self.key = key
        self.text, self.icon, self.style, self.font_size = self._board.look_of(key)
        self.words = self._board.words_of(key)

    def _write(self, *_largs: object) -> None:
        self._label.font_name = theme.font_for(self.text)
        self._label.text, self._label.font_size, self._label.color = self.text, self.font_size, self.text_color
        self._icon.name, self._icon.color = self.icon, self.text_color

    def _lay(self, *_largs: object) -> None:
        self._label.pos, self._label.size = self.pos, self.size
        side = min(self.size) * 0.58
        self._icon.size = (side, side)
        self._icon.pos = (self.x + (self.width - side) / 2, self.y + (self.height - side) / 2)

    def on_press(self) -> None:
        self._finger = True
        self._board.touched(self)

    def on_release(self) -> None:
        """Without a finger: by a key of a real keyboard, or by the one switch."""
        if not self._finger:
            self._board.touched(self)
            self._board.let_go(self)

    def on_touch_up(self, touch: Any) -> bool:
        ours = touch.grab_current is self
        done = bool(super().on_touch_up(touch))
        if ours:
            self._finger = False
        return done

    def on_state(self, _widget: object, state: str) -> None:
        # Not on_release: that does not come for a finger that slid off the key. It may be late: Kivy shows each press
        # for a moment, and the next key may be down by then.
        if state == "normal":
            self._board.let_go(self)


class KeyRow(BoxLayout):
    """One row, to which one switch comes as a whole. Keys stand where they stand on every keyboard, whichever way one
    writes."""

    grouped = True
    fixed = True


class Board(BoxLayout):
    """The keyboard for one size of screen. `on_effect` is given what is to be typed, in order; `unit` is the scale."""

    def __init__(self, say: Words, unit: float, on_effect: Callable[[Effect], None]) -> None:
        self._say, self._unit, self._on_effect = say, unit, on_effect
        gap = round(theme.KEY_GAP * unit)
        super().__init__(orientation="vertical", padding=gap, spacing=gap)
        self.state = Keyboard()
        self._again = Clock.create_trigger(self._repeat, keys.REPEAT_SECONDS, interval=True)
        self._hold = Clock.create_trigger(self._held, keys.HOLD_SECONDS)
        self._unshow = Clock.create_trigger(lambda _seconds: self.open(keys.forget(self.state)), SHOWN_SECONDS)
        self._down: tuple[KeyButton, Key] | None = None
        """What a finger is on, and what it was when it came."""
        with self.canvas.before:
            Color(rgba=look.now.night)
            self._ground = Rectangle()
        self.bind(pos=self._lay, size=self._lay)
        self.open(self.state)

    def _lay(self, *_largs: object) -> None:
        self._ground.pos, self._ground.size = self.pos, self.size

    def open(self, state: Keyboard) -> None:
        """Shows this state."""
        self.state = state
        rows = state.rows
        # The first row is the last child: Kivy counts from the end.
        shown = list(reversed(self.children))
        for row, wanted in zip(shown, rows, strict=False):
            self._fill(row, wanted)
        for wanted in rows[len(shown) :]:
            row = KeyRow(spacing=round(theme.KEY_GAP * self._unit))
            self.add_widget(row)
            self._fill(row, wanted)
        for row in shown[len(rows) :]:
            self.remove_widget(row)
        # At once, not with the next picture: the next tap may be waiting already, for what the state says is there.
        self.do_layout()
        for row in self.children:
            row.do_layout()

    def suit(self, field: FieldKind | None) -> None:
        """It is for this kind of field, as one knows now."""
        if field is not self.state.field:
            self.open(msgspec.structs.replace(self.state, field=field, reveal=False, last=""))

    def _fill(self, row: KeyRow, wanted: Row) -> None:
        buttons = list(reversed(row.children))
        if [button.key.width for button in buttons] == [key.width for key in wanted]:
            for button, key in zip(buttons, wanted, strict=True):
                button.show(key)
            return
        row.clear_widgets()
        for key in wanted:
            row.add_widget(KeyButton(self, key))

    def look_of(self, key: Key) -> tuple[str, str, str, float]:
        """Text, icon, style and size of text of a key in the present state."""
        letter, word = _LETTER * self._unit, _WORD * self._unit
        if key.do is None:
            if key.text == " ":
                return self.state.last or self._say("keyboard.space"), "", "key", letter if self.state.last else word
            return key.text, "", "key", letter
        on = (key.do is Do.SHIFT and self.state.shift is not Shift.OFF) or (key.do is Do.REVEAL and self.state.reveal)
        style = "key_on" if on or (self.state.offered and key.do is Do.CLOSE) else "bar"
        if key.do in _ICONS:
            return "", _ICONS[key.do], style, word
        return self._word(key.do), "", style, word

    def words_of(self, key: Key) -> str:
        """What the voice says of a key, where that is not what it shows: of a picture, of what goes into a password."""
        if key.do is not None:
            return self._say(f"keyboard.{key.do}") if key.do in _ICONS else ""
        if key.text == " ":
            return self._say("keyboard.space")
        return "•" if self.state.field is FieldKind.PASSWORD else ""

    def _word(self, do: Do) -> str:
        match do:
            case Do.SIGNS:
                return "abc" if self.state.signs else "& ? é"
            case Do.LETTERS:
                return "abc"
            case Do.DIGITS:
                return "1 2 3"
            case Do.NEXT:
                following = ORDER[(ORDER.index(self.state.name) + 1) % len(ORDER)]
                return self._say(f"keyboard.{following}")
        return self._say(f"keyboard.{do}")

    # -- fingers ---------------------------------------------------------------------------------------------

    def touched(self, button: KeyButton) -> None:
        key = button.key
        self.let_go()
        self._down = (button, key)
        if key.do in REPEATED or keys.hold(self.state, key) is not None:
            self._hold()
        self._tap(key)

    def let_go(self, button: KeyButton | None = None) -> None:
        """Of this key, if a finger is on it; without one, of any."""
        if button is not None and (self._down is None or self._down[0] is not button):
            return
        self._down = None
        self._hold.cancel()
        self._again.cancel()

    def _held(self, _seconds: float) -> None:
        if self._down is None:
            return
        key = self._down[1]
        if key.do in REPEATED:
            self._again()
            return
        offering = keys.hold(self.state, key)
        if offering is not None:
            self.open(offering)

    def _repeat(self, _seconds: float) -> None:
        if self._down is not None:
            self._tap(self._down[1])

    def _tap(self, key: Key) -> None:
        after, effects = keys.tap(self.state, key)
        for effect in effects:
            self._on_effect(effect)
        self.open(after)
        self._unshow.cancel()
        if after.last:
            self._unshow()
