"""The question before a document, or a page of a scan, is deleted."""

from __future__ import annotations

from functools import partial

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from scanner.model import ScannedPage


class DropSheet(PaperSheet):
    @property
    def _page(self) -> ScannedPage | None:
        pages = self.papers.scanner.pages if self.papers.scanner is not None else ()
        return next((page for page in pages if page.id == self.host.local.chosen), None)

    def shown(self) -> object:
        return self._page, self.document(self.host.local.chosen)

    def fill(self) -> None:
        page, document = self._page, self.document(self.host.local.chosen)
        if page is not None:
            self.ids.title.text = self.say("drop.page")
            self.told(self.scene(self.page(page.id, page.picture)), self.say("drop.page_lead"))
            self._ask(self.say("drop.no_page"), self.say("drop.yes_page"), Side.SCAN_PAGE)
        elif document is not None:
            self.ids.title.text = self.say("drop.title")
            column = self.scene(self.page(document.id, document.picture))
            self.told(column, self.named(document), self.say("drop.lead"))
            self._ask(self.say("drop.no"), self.say("drop.yes"), Side.DOCUMENT)
        else:
            self.ids.title.text = self.say("document.gone")
            self.back(self.go(Side.DOCUMENTS))
            self.space()

    def _ask(self, no: str, yes: str, back: Side) -> None:
        id_ = self.host.local.chosen
        keep = self.main(no, self.go(back, id_))
        keep.leads_back, keep.size_hint_x = True, 1
        drop = self.calls.drop_page if back is Side.SCAN_PAGE else self.calls.drop
        self.button(yes, partial(drop, id_), "grave")


load_rules(__file__)
SCREEN = DropSheet
