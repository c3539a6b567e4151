"""One document, and what can be done with it. What has no room on this station is not offered."""

from __future__ import annotations

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, joinable, load_rules
from kiosk.view import Side
from session.papers import FIT_LIMITS, KeyStage, Paper

NAME_LENGTH = 32


class DocumentSheet(PaperSheet):
    def shown(self) -> object:
        papers = self.papers
        document = self.document(self.host.local.chosen)
        return document, papers.printing is None, self._key, papers.workable, self._arrangeable(document)

    @property
    def _key(self) -> bool:
        """Whether a key is there to be copied to."""
        return self.papers.key is not None and self.papers.key.stage in (KeyStage.READY, KeyStage.DONE)

    def _arrangeable(self, document: Paper | None) -> bool:
        """Whether it has pages to be cut between, or another to be joined with."""
        if not self.papers.workable or document is None or not document.complete or document.closed is not None:
            return False
        return document.pages > 1 or len(joinable(self.papers)) > 1

    def fill(self) -> None:
        document = self.document(self.host.local.chosen)
        self.back(self.go(Side.DOCUMENTS))
        if document is None:
            self.space()
            self.ids.title.text = self.say("document.gone")
            return
        self.titled(plain.clean(self.named(document), NAME_LENGTH))
        self.ids.lead.text = self.measured(document)
        id_, whole = document.id, document.complete
        column = self.scene(self.page(id_, document.picture))
        if document.closed is not None:
            self.ids.lead.text = self.say(f"closed.{document.closed}")
            self.told(column, self.say(f"closed_next.{document.closed}"))
        grid = self.choices(column, 1 if self.upright and document.closed is None else 2)
        grid.size_hint_y = 0.85 if document.closed is not None else 1
        if document.picture:
            self.choice(grid, "eye", self.say("document.look"), self.go(Side.LOOK, id_))
        self.choice(grid, "pen", self.say("document.name"), self.go(Side.NAME, id_))
        if whole and self.papers.workable and document.closed is None and document.size > FIT_LIMITS[0]:
            self.choice(grid, "fit", self.say("document.fit"), lambda: self.calls.fit(id_))
        if self._arrangeable(document):
            self.choice(grid, "join", self.say("document.arrange"), self.go(Side.ARRANGE, id_))
        if whole and self._key:
            self.choice(grid, "key", self.say("document.copy"), lambda: self._copy(id_))
        self.choice(grid, "bin", self.say("document.drop"), self.go(Side.DROP, id_))
        if whole and self.papers.printing is not None:
            self.main(self.say("document.print"), lambda: self.calls.print_document(id_))
        elif document.closed is not None:
            self.agent()
        else:
            self.space()

    def _copy(self, document: str) -> None:
        self.calls.copy_to_key((document,))
        self.host.turn_to(Side.KEY)


load_rules(__file__)
SCREEN = DocumentSheet
