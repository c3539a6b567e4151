"""The procedures of a theme, in plain words."""

from __future__ import annotations

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from kiosk.widgets.pictograms import THEMES
from session.procedures.model import Theme

A_PART = 4
TITLE_LENGTH = 48


class ProceduresSheet(PaperSheet):
    offers_display = True

    def shown(self) -> object:
        return self.host.rooms.procedures, self.host.local.chosen

    def fill(self) -> None:
        theme = self.host.local.chosen
        known = self.host.rooms.procedures
        found = [one for one in known.procedures if one.theme == theme] if known is not None else []
        self.back(self.go(None))
        part = self.part(found, A_PART)
        self.space()
        if not found:
            self.ids.title.text = self.say("procedures.none")
            return
        self.ids.title.text = self.say(f"theme.{theme}")
        self.ids.lead.text = self.say("procedures.lead")
        grid = self.grid(1 if self.upright else 2, A_PART if self.upright else A_PART // 2)
        for one in part:
            title = plain.clean(one.title, TITLE_LENGTH)
            self.choice(grid, THEMES[Theme(theme)], title, self.go(Side.CARD, one.id))
        self.filled(grid)


load_rules(__file__)
SCREEN = ProceduresSheet
