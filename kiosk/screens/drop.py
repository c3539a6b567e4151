"""The question before a document is deleted."""

from __future__ import annotations

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side


class DropSheet(PaperSheet):
    def shown(self) -> object:
        return self.document(self.host.local.chosen)

    def fill(self) -> None:
        document = self.document(self.host.local.chosen)
        if document is None:
            self.back(self.go(Side.DOCUMENTS))
            self.space()
            self.ids.title.text = self.say("document.gone")
            return
        self.ids.title.text = self.say("drop.title")
        column = self.scene(self.page(document.id, document.picture))
        self.told(column, self.named(document), self.say("drop.lead"))
        keep = self.main(self.say("drop.no"), self.go(Side.DOCUMENT, document.id))
        keep.leads_back, keep.size_hint_x = True, 1
        self.button(self.say("drop.yes"), lambda: self.calls.drop(document.id), "grave")


load_rules(__file__)
SCREEN = DropSheet
