"""What Kivy lacks for languages from right to left, taught to it once, so that no screen has to know of them.

While `look.mirrored`: what a layout puts at the left comes to the right, and "left" in a .kv file means where a line
begins. A layout that is the same in every language says so by `fixed = True`. And always: every label joins and orders
the letters of such a script, in a font that has them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import kivy.uix.label
from kivy.core.text import Label as CoreLabel
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.gridlayout import GridLayout

from kiosk import theme
from kiosk.bidi import Written
from kiosk.widgets import look

_OTHER_SIDE = {"left": "right", "right": "left"}
_PLACED = {"x", "right", "center_x"}


class Lettering(CoreLabel):
    """Draws the words of a label. What the label says stays as it is read; only what is drawn is turned."""

    text: str
    _written = Written("", "ltr")

    def resolve_font_name(self) -> None:
        if self.options["font_name"] in (theme.LATIN_FONT, theme.wide_font(), theme.wide_font(bold=True)):
            self.options["font_name"] = theme.font_for(self.text, bold=bool(self.options["bold"]))
        super().resolve_font_name()

    def render(self, real: bool = False) -> Any:
        if real:
            return super().render(real)
        said = self.text
        own = self.options["base_direction"]  # of what came from outside
        self._written = Written(said, "auto" if own else "rtl" if look.mirrored else "ltr")
        self.text = self._written.shaped
        try:
            return super().render()
        finally:
            self.text = said

    def render_lines(self, lines: Any, options: Any, render_text: Any, y: float, size: Any) -> Any:
        # Kivy makes one word of each line, and passes over lines without any.
        turned = iter(self._written.lines([line.words[0].text for line in lines if line.words and line.words[0].text]))
        if look.mirrored:
            options = {**options, "halign": _OTHER_SIDE.get(options["halign"], options["halign"])}
        return super().render_lines(lines, options, lambda _text, *at: render_text(next(turned), *at), y, size)


def _mirrored(lay_out: Callable[..., None], *, of_hints: bool = False) -> Callable[..., None]:
    """`do_layout`, and each child at the other side after it. `of_hints`: where only a `pos_hint` gives it a place."""

    @functools.wraps(lay_out)
    def do_layout(layout: Any, *args: Any, **values: Any) -> None:
        lay_out(layout, *args, **values)
        if not look.mirrored or getattr(layout, "fixed", False):
            return
        left = values["pos"][0] if "pos" in values else layout.x  # a RelativeLayout has its own origin
        for child in layout.children:
            if not of_hints or _PLACED & set(child.pos_hint):
                child.x = 2 * left + layout.width - child.x - child.width

    return do_layout


kivy.uix.label.CoreLabel = Lettering
for _kind in (AnchorLayout, BoxLayout, GridLayout):
    _kind.do_layout = _mirrored(_kind.do_layout)
FloatLayout.do_layout = _mirrored(FloatLayout.do_layout, of_hints=True)
