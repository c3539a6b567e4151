"""Join this document with others, or cut it in two."""

from __future__ import annotations

from kiosk.screens.paper_sheet import PaperSheet, joinable, load_rules
from kiosk.view import Side


class ArrangeSheet(PaperSheet):
    def shown(self) -> object:
        return self.document(self.host.local.chosen), len(joinable(self.papers)) > 1

    def fill(self) -> None:
        document = self.document(self.host.local.chosen)
        self.back(self.go(Side.DOCUMENT, self.host.local.chosen) if document else self.go(Side.DOCUMENTS))
        self.space()
        if document is None:
            self.ids.title.text = self.say("document.gone")
            return
        self.ids.title.text = self.say("arrange.title")
        grid = self.choices(self.scene(self.page(document.id, document.picture)))
        if len(joinable(self.papers)) > 1:
            self.choice(grid, "join", self.say("arrange.merge"), self._merge, large=True)
        if document.pages > 1:
            self.choice(grid, "cut", self.say("arrange.split"), self.go(Side.SPLIT, document.id), large=True)

    def _merge(self) -> None:
        chosen = self.host.local.chosen
        self.host.pick(chosen)
        self.host.turn_to(Side.MERGE, chosen)


load_rules(__file__)
SCREEN = ArrangeSheet
