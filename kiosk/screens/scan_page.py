"""One page of a scan: turn it, scan it again, move it, drop it."""

from __future__ import annotations

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from scanner.model import ScannedPage


class ScanPageSheet(PaperSheet):
    @property
    def _pages(self) -> tuple[ScannedPage, ...]:
        return self.papers.scanner.pages if self.papers.scanner is not None else ()

    def shown(self) -> object:
        return self._pages, self.host.local.chosen

    def fill(self) -> None:
        id_ = self.host.local.chosen
        number = next((at for at, page in enumerate(self._pages) if page.id == id_), None)
        self.back(self.go(Side.REVIEW))
        self.space()
        if number is None:
            self.ids.title.text = self.say("scan_page.gone")
            return
        page = self._pages[number]
        self.ids.title.text = self.say("scan_page.title", n=number + 1, count=len(self._pages))
        grid = self.choices(self.scene(self.page(page.id, page.picture)), 2)
        self.choice(grid, "turn", self.say("scan_page.turn"), lambda: self.calls.turn(id_))
        self.choice(grid, "again", self.say("scan_page.again"), self.go(Side.SCANNER, id_))
        if number > 0:
            self.choice(grid, "before", self.say("scan_page.before"), lambda: self.calls.move(id_, -1))
        if number < len(self._pages) - 1:
            self.choice(grid, "after", self.say("scan_page.after"), lambda: self.calls.move(id_, 1))
        if page.corrections:
            self.choice(grid, "wand", self.say("scan_page.fixes"), self.go(Side.FIXES, id_))
        self.choice(grid, "bin", self.say("scan_page.drop"), self.go(Side.DROP, id_))


load_rules(__file__)
SCREEN = ScanPageSheet
