"""What was done to a scanned page by itself: each is shown, and a tap undoes it or puts it in force again."""

from __future__ import annotations

from functools import partial

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from scanner.model import Corrected, ScannedPage


class FixesSheet(PaperSheet):
    @property
    def _page(self) -> ScannedPage | None:
        pages = self.papers.scanner.pages if self.papers.scanner is not None else ()
        return next((page for page in pages if page.id == self.host.local.chosen), None)

    def shown(self) -> object:
        return self._page

    def fill(self) -> None:
        page = self._page
        self.back(self.go(Side.SCAN_PAGE, self.host.local.chosen))
        self.space()
        if page is None:
            self.ids.title.text = self.say("scan_page.gone")
            return
        self.ids.title.text = self.say("fixes.title")
        self.ids.lead.text = self.say("fixes.lead")
        grid = self.choices(self.scene(self.page(page.id, page.picture)))
        for one in page.corrections:
            icon, style = ("tick", "chosen") if one.in_force else ("cross", "plain")
            text = self.say(f"correction.{one.correction}" if one.in_force else f"correction.no_{one.correction}")
            self.choice(grid, icon, text, partial(self._turn_over, page.id, one), style=style)

    def _turn_over(self, page: str, one: Corrected) -> None:
        self.calls.correct(page, one.correction, not one.in_force)


load_rules(__file__)
SCREEN = FixesSheet
