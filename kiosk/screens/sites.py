"""All sites of this station, where procedures are what is offered first."""

from __future__ import annotations

from functools import partial

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.screens.what_for import TITLE_LENGTH

A_PART = 6


class SitesSheet(PaperSheet):
    offers_display = True

    def shown(self) -> object:
        return self.host.settings.sites

    def fill(self) -> None:
        self.ids.title.text = self.say("themes.sites")
        self.back(self.go(None))
        part = self.part(self.host.settings.sites, A_PART)
        self.space()
        grid = self.grid(1 if self.upright else 2, A_PART if self.upright else A_PART // 2)
        for site in part:
            self.choice(grid, "", plain.clean(site.title, TITLE_LENGTH), partial(self._open, site.id))
        self.filled(grid)

    def _open(self, site: str) -> None:
        self.host.turn_to(None)
        self.host.open_site(site)


load_rules(__file__)
SCREEN = SitesSheet
