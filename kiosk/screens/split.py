"""Where a document is cut: the page that is tapped begins a new one."""

from __future__ import annotations

from functools import partial

from kiosk.screens.paper_sheet import PaperSheet, load_rules, look
from kiosk.view import Side


class SplitSheet(PaperSheet):
    def shown(self) -> object:
        return self.document(self.host.local.chosen)

    def fill(self) -> None:
        document = self.document(self.host.local.chosen)
        self.back(self.go(Side.DOCUMENT, self.host.local.chosen) if document else self.go(Side.DOCUMENTS))
        if document is None:
            self.space()
            self.ids.title.text = self.say("document.gone")
            return
        self.ids.title.text = self.say("split.title")
        self.ids.lead.text = self.say("split.lead")
        columns, rows = (2, 2) if self.upright else (look.fewer(4), 1)
        part = self.part(range(2, document.pages + 1), columns * rows)
        self.space()
        grid = self.grid(columns, rows)
        for page in part:
            title, does = self.say("review.page", n=page), partial(self._cut, document.id, page)
            self.tile(grid, title, "", (document.id, document.picture), does, page=page)
        self.filled(grid)

    def _cut(self, document: str, page: int) -> None:
        self.calls.split(document, page)
        self.host.turn_to(Side.DOCUMENTS)


load_rules(__file__)
SCREEN = SplitSheet
