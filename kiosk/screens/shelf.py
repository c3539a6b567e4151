"""My documents, as large pictures; and the ways in: the scanner, a key."""

from __future__ import annotations

from kivy.uix.gridlayout import GridLayout

from kiosk.screens.paper_sheet import PaperSheet, load_rules, look
from kiosk.view import Side
from session.papers import Paper


class ShelfSheet(PaperSheet):
    offers_display = True

    def shown(self) -> object:
        return self.papers.documents, self.papers.scanner is None, self.papers.key is None

    def fill(self) -> None:
        documents = tuple(reversed(self.papers.documents or ()))  # the newest is what one comes for
        self.ids.title.text = self.say("documents.title")
        columns, rows = (2, 2) if self.upright else (look.fewer(4), 1)
        self.back(self.go(None))
        part = self.part(documents, columns * rows)
        if self.papers.key is not None:
            self.button(self.say("shelf.key"), self.go(Side.KEY))
        if self.papers.scanner is not None:
            self.main(self.say("shelf.scan"), self.to_scanner)
        else:
            self.space()
        if not documents:
            key = "shelf.none" if self.papers.scanner is None else "shelf.none_scan"
            self.told(self.scene(self.pictogram("papers")), self.say(key))
            return
        self.ids.lead.text = self.say("shelf.lead")
        grid = self.grid(columns, rows)
        for document in part:
            self._add(grid, document)
        self.filled(grid)

    def _add(self, grid: GridLayout, document: Paper) -> None:
        note = self.say("shelf.used") if document.used else self.measured(document)
        self.tile(
            grid,
            self.named(document),
            note,
            (document.id, document.picture),
            self.go(Side.DOCUMENT, document.id),
            mark="tick" if document.used else "",
        )


load_rules(__file__)
SCREEN = ShelfSheet
