"""Small pictures drawn with lines: no image files, no special letters. Each is drawn in a square of 24 units."""

from __future__ import annotations

from kivy.graphics import Color, SmoothLine, SmoothRoundedRectangle
from kivy.properties import ColorProperty, StringProperty
from kivy.uix.widget import Widget

from kiosk.widgets import look, pictograms
from kiosk.widgets.heard import Heard
from kiosk.widgets.pictograms import Point

_STROKES: dict[str, tuple[tuple[Point, ...], ...]] = {
    "back": (((20, 12), (4, 12)), ((11, 19), (4, 12), (11, 5))),
    "home": (((3, 12), (12, 20), (21, 12)), ((6, 10), (6, 3), (18, 3), (18, 10))),
    "pages": (((8, 17), (8, 21), (21, 21), (21, 9), (17, 9)), ((3, 3), (3, 16), (16, 16), (16, 3), (3, 3))),
    "larger": (((5, 12), (19, 12)), ((12, 5), (12, 19))),
    "smaller": (((5, 12), (19, 12)),),
    "document": (
        ((5, 2), (5, 22), (14, 22), (19, 17), (19, 2), (5, 2)),
        ((9, 13), (15, 13)),
        ((9, 8), (15, 8)),
    ),
    "display": (
        ((2, 3), (8, 21), (14, 3)),
        ((4.2, 9.5), (11.8, 9.5)),
        ((15, 3), (18.5, 13), (22, 3)),
        ((16.3, 6.7), (20.7, 6.7)),
    ),
    "erase": (((1, 12), (8, 19), (23, 19), (23, 5), (8, 5), (1, 12)), ((11, 15), (18, 9)), ((11, 9), (18, 15))),
    "left": (((15, 20), (7, 12), (15, 4)),),
    "right": (((9, 20), (17, 12), (9, 4)),),
    "shift": (((12, 21), (3, 12), (8, 12), (8, 4), (16, 4), (16, 12), (21, 12), (12, 21)),),
    "field": (((2, 12), (16, 12)), ((10, 18), (16, 12), (10, 6)), ((21, 20), (21, 4))),
    "enter": (((20, 20), (20, 10), (4, 10)), ((10, 16), (4, 10), (10, 4))),
    "keyboard": (
        ((2, 19), (22, 19), (22, 5), (2, 5), (2, 19)),
        ((6, 15), (7, 15)),
        ((11.5, 15), (12.5, 15)),
        ((17, 15), (18, 15)),
        ((7, 9), (17, 9)),
    ),
    "camera": (
        ((2, 6), (2, 18), (15, 18), (15, 6), (2, 6)),
        ((15, 13.5), (22, 18), (22, 6), (15, 10.5)),
    ),
    "tick": (((4, 12), (10, 5), (20, 19)),),
    "alert": (((12, 22), (1, 3), (23, 3), (12, 22)), ((12, 16), (12, 10.5)), ((12, 8), (12, 6.3))),
    "help": (
        ((12, 22), (18, 20), (21, 12), (18, 4), (12, 2), (6, 4), (3, 12), (6, 20), (12, 22)),
        ((9, 15), (9.5, 17), (12, 18), (14.5, 17), (15, 15), (14, 13), (12, 11.5), (12, 10)),
        ((12, 7.2), (12, 6.2)),
    ),
    "sound": (
        ((3, 9), (7, 9), (13, 4), (13, 20), (7, 15), (3, 15), (3, 9)),
        ((16.5, 8), (18, 12), (16.5, 16)),
        ((19, 5), (22, 12), (19, 19)),
    ),
    "lock": (((7, 13), (7, 17), (9.5, 21), (14.5, 21), (17, 17), (17, 13)),),
    "unlock": (((7, 13), (7, 18), (9.5, 22), (14.5, 22), (17, 18)),),
    **pictograms.STROKES,
}
_DIRECTED = {"after", "back", "before", "document", "help", "pages", "papers", "sound"}
"""Those that look the other way where one reads the other way."""


class Icon(Heard, Widget):
    """One of the pictures above, as large as its smaller side. Silent but for `words`."""

    stroke = 1.15
    """Half the width of its lines, in units."""
    name = StringProperty("")
    color = ColorProperty()

    def __init__(self, **values: object) -> None:
        super().__init__(**{"color": look.now.ink, **values})
        self.bind(pos=self._draw, size=self._draw, name=self._draw, color=self._draw)
        self._draw()

    def _draw(self, *_largs: object) -> None:
        self.canvas.clear()
        if self.name not in _STROKES:
            return
        side = min(self.size)
        unit = side / 24
        turned = look.mirrored and self.name in _DIRECTED
        # Not from `center`: Kivy may hold an older value of it while `pos` or `size` changes.
        left, bottom = self.x + (self.width - side) / 2, self.y + (self.height - side) / 2
        with self.canvas:
            Color(rgba=self.color)
            for stroke in _STROKES[self.name]:
                across = [left + (24 - x if turned else x) * unit for x, _ in stroke]
                points = [part for x, (_, y) in zip(across, stroke, strict=True) for part in (x, bottom + y * unit)]
                SmoothLine(points=points, width=max(1.2, self.stroke * unit), joint="round", cap="round")
            if self.name in ("lock", "unlock"):
                SmoothRoundedRectangle(
                    pos=(left + 4 * unit, bottom + 2 * unit), size=(16 * unit, 12 * unit), radius=[2 * unit]
                )
