"""What the screens of papers are made of: a page's picture, a tile with one, progress, a choice with a pictogram."""

from __future__ import annotations

from pathlib import Path

from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, Line, Rectangle
from kivy.graphics.texture import Texture
from kivy.lang import Builder
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from kiosk import theme
from kiosk.papers import Picture
from kiosk.widgets import basics, look
from kiosk.widgets.heard import Heard

__all__ = [
    *("Caption", "Choice", "Fact", "Number", "PagePicture", "Pictogram", "Progress", "Script", "Still", "Tile", "Told"),
    *("LINE", "wrapped"),
]

LINE = 1.35
"""Of the letters' height: from one line of a script to the next."""


class PagePicture(Widget):
    """A page as it looks, whole, as large as there is room; a pictogram while there is no picture of it.

    Silent: what is around it says what it is.
    """

    icon = StringProperty("document")

    def __init__(self, **values: object) -> None:
        self._picture: Picture | None = None
        self._texture: Texture | None = None
        super().__init__(**values)
        self._icon = Pictogram(name=self.icon, color=look.now.soft)
        self.add_widget(self._icon)
        self.bind(pos=self._draw, size=self._draw, icon=self._draw)

    def show(self, picture: Picture | None) -> None:
        """None, or one whose length is not what it says: the pictogram."""
        if picture is self._picture:
            return
        self._picture = picture
        self._texture = None
        if picture is not None and picture.valid:
            self._texture = Texture.create(size=(picture.width, picture.height), colorfmt="rgb")
            self._texture.blit_buffer(picture.pixels, colorfmt="rgb", bufferfmt="ubyte")
            self._texture.flip_vertical()
        self._draw()

    @property
    def shows(self) -> bool:
        """Whether the page itself is to be seen."""
        return self._texture is not None

    def _draw(self, *_largs: object) -> None:
        self.canvas.before.clear()
        self._icon.opacity = 0 if self._texture is not None else 1
        side = min(self.width, self.height, look.u(170))
        self._icon.name, self._icon.size = self.icon, (side, side)
        self._icon.pos = (self.x + (self.width - side) / 2, self.y + (self.height - side) / 2)
        if self._texture is None or min(self.size) <= 0:
            return
        wide, high = self._texture.size
        factor = min(self.width / wide, self.height / high)
        size = (wide * factor, high * factor)
        place = (self.x + (self.width - size[0]) / 2, self.y + (self.height - size[1]) / 2)
        with self.canvas.before:
            Color(rgba=(1, 1, 1, 1))
            Rectangle(texture=self._texture, pos=place, size=size)
            Color(rgba=look.now.line)
            Line(rectangle=(*place, *size), width=1)


class Pictogram(basics.icons.Icon):
    """A large one, beside what is said: its lines are thinner, for its size."""

    stroke = 0.55


class Caption(basics.Placed):
    """At most two lines under a picture, in a font that has their letters: a name may have come from outside."""

    def on_text(self, _widget: object, text: str) -> None:
        self.font_name = theme.font_for(text)


class Tile(basics.Card):
    """A document or a page to tap: its picture, what it is, and a word about it."""

    icon = StringProperty("document")
    title = StringProperty("")
    note = StringProperty("")
    mark = StringProperty("")
    """Name of a small pictogram before the note."""


class Still(Heard, BoxLayout):
    """As a tile, for what cannot be chosen now: read, and not to be tapped."""

    icon = StringProperty("document")
    title = StringProperty("")
    note = StringProperty("")


class Choice(basics.Card):
    """A button with a pictogram before its words."""

    icon = StringProperty("")
    text = StringProperty("")
    note = StringProperty("")
    """A second line, smaller."""
    side = NumericProperty(0)
    """Pixels of the window: the pictogram's."""

    def __init__(self, **values: object) -> None:
        super().__init__(**{"side": look.t(44), **values})


class Told(basics.Placed):
    """A sentence of a scene."""


class Script(basics.Placed):
    """Lines that are cut already (`wrapped`), from the top."""

    line = NumericProperty(LINE)


class Number(basics.Placed):
    """How many, between fewer and more."""


class Fact(Heard, BoxLayout):
    """A line of text with a pictogram before it."""

    icon = StringProperty("")
    text = StringProperty("")


class Progress(Heard, Widget):
    """How far something has come, 0..100; `words` say it."""

    percent = NumericProperty(0)

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self.bind(pos=self._draw, size=self._draw, percent=self._draw)
        self._draw()

    def _draw(self, *_largs: object) -> None:
        edge = look.u(look.now.edge)
        inner = max(0.0, self.width - 4 * edge) * min(100, max(0, self.percent)) / 100
        # Not from `right`: Kivy may hold an older value of it while `pos` or `size` changes.
        left = self.x + self.width - 2 * edge - inner if look.mirrored else self.x + 2 * edge
        self.canvas.clear()
        with self.canvas:
            Color(rgba=look.now.line)
            Rectangle(pos=self.pos, size=self.size)
            Color(rgba=look.now.card)
            Rectangle(pos=(self.x + edge, self.y + edge), size=(self.width - 2 * edge, self.height - 2 * edge))
            Color(rgba=look.now.accent)
            Rectangle(pos=(left, self.y + 2 * edge), size=(inner, self.height - 4 * edge))


def wrapped(text: str, size: float, width: int) -> list[str]:
    """The text in lines of at most `width` pixels, in letters of `size` pixels; a word that is longer is cut."""
    label = CoreLabel(font_size=size, font_name=theme.font_for(text))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if label.get_extents(longer)[0] <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        while word and label.get_extents(word)[0] > width:
            fits = max(1, next(at for at in range(len(word), -1, -1) if label.get_extents(word[:at])[0] <= width))
            lines[-1:] = [word[:fits], ""]
            word = word[fits:]
        lines[-1] = word
    return [line for line in lines if line]


Builder.load_file(str(Path(__file__).with_name("paper.kv")))
