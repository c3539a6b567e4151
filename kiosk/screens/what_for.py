"""The sites that this station offers, as large tiles; and the way out."""

from __future__ import annotations

from kivy.properties import StringProperty
from kivy.uix.widget import Widget

from kiosk import plain
from kiosk.papers import offered
from kiosk.screens.sheet import FullSheet, Host, basics, load_rules
from kiosk.widgets import look

COLUMNS, ROWS = 2, 4
CHOICES = 7
"""At most, the one that leads to the others included."""
TITLE_LENGTH = 44
"""Characters of a site's title: two lines of a tile."""


class SiteTile(basics.Card):
    title = StringProperty("")
    letter = StringProperty("")


class WhatFor(FullSheet):
    offers_display = True
    tells = "banner.network_visit"

    def __init__(self, host: Host) -> None:
        self._part = 0
        super().__init__(host)
        self._fill()

    def _fill(self) -> None:
        """Lays out the tiles of the present part, and the one that leads to the next."""
        sites = self.host.settings.sites
        grid = self.ids.sites
        grid.clear_widgets()  # before there are fewer rows than they take
        narrow = look.fewer(COLUMNS) < COLUMNS
        # With larger words the banner takes the place of a row.
        crowded = self._banner is not None and look.fewer(ROWS) < ROWS
        grid.cols, grid.rows = (1, ROWS - crowded) if narrow else (COLUMNS, look.fewer(ROWS) - crowded)
        room = min(grid.cols * grid.rows, CHOICES)
        part = plain.part(sites, room if len(sites) <= room else room - 1, self._part)
        for site in sites[part.first : part.last]:
            title = plain.clean(site.title, TITLE_LENGTH)
            tile = SiteTile(title=title, letter=title[:1].upper())
            tile.bind(on_release=lambda _tile, chosen=site.id: self.host.open_site(chosen))
            grid.add_widget(tile)
        if part.parts > 1:
            more = basics.Action(
                text=f"{self.say('what_for.others')}\n{part.number} / {part.parts}",
                words=self.say("what_for.others_aloud", number=part.number, count=part.parts),
                size_hint_y=1,
            )
            more.bind(on_release=lambda _tile: self._turn())
            grid.add_widget(more)
        if not sites:
            grid.add_widget(basics.Text(text=self.say("what_for.none")))
        while sites and len(grid.children) < grid.cols * grid.rows:
            grid.add_widget(Widget())  # one site's tile is as large as one of many

    def _turn(self) -> None:
        self._part += 1
        self._fill()

    def make_room(self) -> None:
        self._fill()

    def refresh(self) -> None:
        super().refresh()
        desk = self.host.desk
        pages = len(desk.pages) if desk is not None else 0
        papers = self.host.rooms.papers
        documents = len(papers.documents or ())
        mine = self.say.count("documents.mine", documents) if documents else self.say("card.papers")
        self._show(self.ids.pages, self.say.count("pages.open", pages) if pages else "")
        self._show(self.ids.documents, mine if documents or offered(papers) else "")

    @staticmethod
    def _show(button: basics.Action, text: str) -> None:
        button.text = text
        button.opacity = 1 if text else 0
        button.disabled = not text


load_rules(__file__)
SCREEN = WhatFor
