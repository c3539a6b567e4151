"""The words that visitors may not know: each leads to what it means."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.uix.widget import Widget

from kiosk import plain
from kiosk.glossary import Term
from kiosk.screens.sheet import FullSheet, Host, load_rules
from kiosk.widgets import look

COLUMNS, ROWS = 2, 3


class Glossary(FullSheet):
    offers_display = True

    def __init__(self, host: Host) -> None:
        self._part = 0
        super().__init__(host)
        self._fill()

    def turn(self) -> None:
        self._part += 1
        self._fill()

    def _fill(self) -> None:
        grid = self.ids.terms
        grid.cols, grid.rows = COLUMNS, look.fewer(ROWS)
        part = plain.part(list(Term), grid.cols * grid.rows, self._part)
        grid.clear_widgets()
        for term in list(Term)[part.first : part.last]:
            tile = Factory.TermTile(text=self.say(f"glossary.{term}"))
            tile.bind(on_release=lambda _tile, chosen=term: self.host.explain(chosen))
            grid.add_widget(tile)
        while len(grid.children) < grid.cols * grid.rows:
            grid.add_widget(Widget())  # one word's tile is as large as one of many
        self.ids.more.text = self.say("common.more", number=part.number, count=part.parts)


load_rules(__file__)
SCREEN = Glossary
