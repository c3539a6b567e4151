"""The few widgets that all screens are made of: text, buttons, rows, the word that is said over a screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kivy.clock import Clock
from kivy.graphics import Color, SmoothEllipse
from kivy.lang import Builder
from kivy.properties import BooleanProperty, ColorProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from kiosk.widgets import icons, look, mirror
from kiosk.widgets.apart import taking
from kiosk.widgets.heard import Heard

__all__ = [
    *("Action", "Banner", "BarButton", "Card", "Disc", "Foreign", "HeadButton", "OneLine", "Placed"),
    *("Sign", "Tag", "Text", "Word", "Working"),
    "icons",
    "mirror",
]


class Text(Heard, Label):
    """Words of ours, wrapped to the width, as high as they need."""


class Placed(Heard, Label):
    """Words of ours whose place and shape the screen decides."""


class OneLine(Heard, Label):
    """Words in one line, cut with an ellipsis where the width ends."""


class Foreign(OneLine):
    """A title or a name that came from outside: cleaned by the caller, never markup, written as its first letter is."""


class Tag(Heard, Label):
    """A few words on a coloured ground."""


class Banner(Text):
    """What is wrong, over the whole width, for as long as it is."""


class Styled(Heard, ButtonBehavior):
    """Something to tap, in one of the theme's styles."""

    role = StringProperty("button")
    aside = BooleanProperty(False)
    """One of the voice's own: see `kiosk.speech.outline`."""
    leads_back = BooleanProperty(False)
    """What Escape does too: "Retour"."""
    apart = BooleanProperty(False)
    """Whether what is meant for a neighbour must not come here: see `kiosk.widgets.apart`."""
    style = StringProperty("plain")
    text_color = ColorProperty()
    ground = ColorProperty()
    border = ColorProperty()

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self.fbind("style", self._paint)
        self.fbind("style", self._tell)
        self.fbind("state", self._paint)
        self._paint()
        self._tell()

    def collide_point(self, x: float, y: float) -> bool:
        if not super().collide_point(x, y):
            return False
        return not self.apart or taking(self, self._others()).holds(*self.to_window(x, y))

    def _others(self) -> Iterator[Styled]:
        """All that can be tapped in the same screen, besides."""
        top = self
        while isinstance(top.parent, Widget):
            top = top.parent
        for widget in top.walk(restrict=True):
            if isinstance(widget, Styled) and widget is not self and widget.opacity and not widget.disabled:
                yield widget

    def _tell(self, *_largs: object) -> None:
        if self.style == "chosen":
            self.role = "chosen"
        elif self.role == "chosen":
            self.role = "button"

    def _paint(self, *_largs: object) -> None:
        style = look.style(self.style)
        self.text_color, self.border = style.text, style.border
        self.ground = style.pressed if self.state == "down" else style.ground


class Action(Styled, Label):
    """A button with words in it."""

    full_width = NumericProperty(0)
    """As of a BarButton, for a button that is not always offered."""


class Sign(Action):
    """The same as a Banner, and a button that leads to what it tells of."""

    style = StringProperty("finish")


class Card(Styled, BoxLayout):
    """A button that holds other widgets."""


class BarButton(Styled, BoxLayout):
    """A button of the bar: a picture over a word."""

    icon = StringProperty("")
    text = StringProperty("")
    badge = StringProperty("")
    """A number beside the picture."""
    full_width = NumericProperty(0)
    """Pixels of the window; `width` may be less while the button is not offered."""


class HeadButton(Styled, BoxLayout):
    """A button at the head of a full screen: a picture beside a word."""

    icon = StringProperty("")
    text = StringProperty("")


class Word(Heard, Label):
    """What is said for some seconds at the top of a full screen."""

    def fit(self) -> None:
        """Takes the sizes of the screen below it."""
        self.font_size = look.t(26)
        self.height = look.t(82)


class Disc(Heard, Label):
    """A letter in a circle: decoration."""

    role = StringProperty("silent")


class Working(Widget):
    """Says that work goes on, without claiming to know how long: a light goes from dot to dot."""

    DOTS = 5
    STEP_SECONDS = 0.3

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self._at = 0
        self.bind(pos=self._draw, size=self._draw)
        Clock.schedule_interval(self._step, self.STEP_SECONDS)

    def _step(self, _seconds: float) -> bool:
        """Ends when its screen has given way: nobody looks for garbage then, and the clock would go on with it."""
        self._at = (self._at + 1) % self.DOTS
        self._draw()
        return self.get_root_window() is not None

    def _draw(self, *_largs: object) -> None:
        side = min(self.height, self.width / (2 * self.DOTS - 1))
        left = self.x + (self.width - side * (2 * self.DOTS - 1)) / 2
        lit = self.DOTS - 1 - self._at if look.mirrored else self._at
        self.canvas.clear()
        with self.canvas:
            for dot in range(self.DOTS):
                Color(rgba=look.now.accent if dot == lit else look.now.idle)
                SmoothEllipse(pos=(left + 2 * dot * side, self.y + (self.height - side) / 2), size=(side, side))


Builder.load_file(str(Path(__file__).with_name("basics.kv")))
