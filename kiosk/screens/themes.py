"""What people come for, by theme; and the way out."""

from __future__ import annotations

from functools import partial

from kiosk.papers import offered
from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from kiosk.widgets.pictograms import THEMES
from session.procedures.model import Theme

A_PART = 6


class ThemesSheet(PaperSheet):
    offers_display = True

    def shown(self) -> object:
        desk = self.host.desk
        return self.host.rooms.procedures, self.papers.documents, len(desk.pages) if desk is not None else 0

    def fill(self) -> None:
        self.ids.title.text = self.say("what_for.title")
        procedures = self.host.rooms.procedures
        used = {one.theme for one in procedures.procedures} if procedures is not None else set()
        tiles: list[Theme | None] = [theme for theme in Theme if theme in used]
        if self.host.settings.sites:
            tiles.append(None)
        part = self.part(tiles, A_PART)
        grid = self.grid(1 if self.upright else 2, A_PART if self.upright else A_PART // 2)
        for theme in part:
            if theme is None:
                self.choice(grid, "pages", self.say("themes.sites"), self.go(Side.SITES), large=True)
            else:
                does = self.go(Side.PROCEDURES, theme)
                self.choice(grid, THEMES[theme], self.say(f"theme.{theme}"), does, large=True)
        self.filled(grid)
        self._fill_foot()

    def _fill_foot(self) -> None:
        desk = self.host.desk
        pages = len(desk.pages) if desk is not None else 0
        documents = len(self.papers.documents or ())
        if pages:
            self.button(self.say.count("pages.open", pages), self.go(Side.PAGES))
        if documents or offered(self.papers):
            text = self.say.count("documents.mine", documents) if documents else self.say("card.papers")
            self.button(text, self.go(Side.DOCUMENTS))
        self.button(self.say("common.help"), partial(self.host.turn_to, Side.HELP))
        self.button(self.say("common.finished"), partial(self.host.turn_to, Side.CONFIRM_END), "finish")


load_rules(__file__)
SCREEN = ThemesSheet
