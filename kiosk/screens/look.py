"""The pages of a document, or of what is to be printed, as large as the screen allows."""

from __future__ import annotations

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from printing.model import PrintJob


class LookSheet(PaperSheet):
    @property
    def _job(self) -> PrintJob | None:
        """What is to be printed, if it is that which is looked at."""
        job = self.papers.printing.job if self.papers.printing is not None else None
        return job if job is not None and job.id == self.host.local.chosen else None

    def _what(self) -> tuple[int, int]:
        """How many pages, and which version."""
        chosen = self.host.local.chosen
        if self._job is not None:
            return self._job.pages, self._job.picture
        document = self.document(chosen)
        return (max(1, document.pages), document.picture) if document is not None else (0, 0)

    def shown(self) -> object:
        return self.host.local.chosen, self._what(), self.papers.workable

    def fill(self) -> None:
        pages, version = self._what()
        chosen = self.host.local.chosen
        if self._job is not None:
            self.back(self.go(None))
        else:
            self.back(self.go(Side.DOCUMENT, chosen) if pages else self.go(Side.DOCUMENTS))
        if not pages:
            self.ids.title.text = self.say("document.gone")
            self.space()
            return
        page = self._part % pages
        self.ids.title.text = self.say("look.title", n=page + 1, count=pages)
        self.ids.body.add_widget(self.page(chosen, version, page + 1))
        if self.papers.workable and self._job is None:
            self.button(self.say("look.read"), lambda: self._read(chosen, page + 1))
        if page > 0:
            self.button(self.say("look.before"), lambda: self._turn_to(page - 1))
        else:
            self.space()
        if page < pages - 1:
            self.main(self.say("look.after"), lambda: self._turn_to(page + 1))
        else:
            self.space()

    def _read(self, document: str, page: int) -> None:
        self.calls.read(document, page)
        self.host.turn_to(Side.READ, document)

    def _turn_to(self, page: int) -> None:
        self._part = page
        self.refresh()


load_rules(__file__)
SCREEN = LookSheet
