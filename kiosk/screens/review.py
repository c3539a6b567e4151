"""The pages of a scan, in their order: one is tapped to be changed; all become one document."""

from __future__ import annotations

import math

from kiosk.paper_path import NEXT
from kiosk.screens.paper_sheet import PaperSheet, load_rules, look
from kiosk.view import Side
from scanner.model import ScannedPage, ScanStage


class ReviewSheet(PaperSheet):
    @property
    def _pages(self) -> tuple[ScannedPage, ...]:
        return self.papers.scanner.pages if self.papers.scanner is not None else ()

    @property
    def _keeping(self) -> bool:
        return self.papers.scanner is not None and self.papers.scanner.stage is ScanStage.KEEPING

    def shown(self) -> object:
        return self._pages, self._keeping, self._percent is None

    @property
    def _percent(self) -> int | None:
        return self.papers.scanner.percent if self.papers.scanner is not None else None

    def now(self) -> object:
        return self._keeping

    def fill(self) -> None:
        if self._keeping:
            self.ids.title.text = self.say("review.keeping")
            if self._percent is None:
                self.working()
            else:
                self.progress("papers")
            self.space()
            self.button(self.say("review.stop"), self.calls.stop_keep)
            self.space()
            return
        self.ids.title.text = self.say.count("review.title", len(self._pages))
        self.ids.lead.text = self.say("review.lead")
        columns, rows = (2, 2) if self.upright else (look.fewer(4), 1)
        self.back(self.go(Side.SCANNER))
        part = self.part(self._pages, columns * rows)
        self.button(self.say("review.add"), self.go(Side.SCANNER, NEXT))
        self.main(self.say("review.keep"), self.calls.keep_scan)
        grid = self.grid(columns, rows)
        for page in part:
            title = self.say("review.page", n=self._pages.index(page) + 1)
            note = self.say("review.blank") if page.blank else ""
            self.tile(grid, title, note, (page.id, page.picture), self.go(Side.SCAN_PAGE, page.id))
        self.filled(grid)

    def live(self) -> None:
        if self._keeping and self._percent is not None:
            self.come_to(self._percent)
            count = len(self._pages)  # it goes page by page
            number = min(count, math.ceil(self._percent * count / 100) + 1)
            self.ids.lead.text = self.say("review.page_of", n=number, count=count)


load_rules(__file__)
SCREEN = ReviewSheet
