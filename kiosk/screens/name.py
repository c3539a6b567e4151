"""What a document is called: a plain label is picked, nobody types."""

from __future__ import annotations

from functools import partial

from kiosk.screens.paper_sheet import PaperSheet, load_rules, look
from kiosk.view import Side
from session.papers import Label

A_PART = 6


class NameSheet(PaperSheet):
    def shown(self) -> object:
        return self.document(self.host.local.chosen)

    def fill(self) -> None:
        document = self.document(self.host.local.chosen)
        self.back(self.go(Side.DOCUMENT, self.host.local.chosen) if document else self.go(Side.DOCUMENTS))
        if document is None:
            self.space()
            self.ids.title.text = self.say("document.gone")
            return
        self.ids.title.text = self.say("name.title")
        part = self.part(tuple(Label), A_PART)
        self.space()
        grid = self.choices(self.scene(self.page(document.id, document.picture)), look.fewer(2) if self.upright else 2)
        for label in part:
            style = "chosen" if label is document.label else "plain"
            self.choice(grid, "", self.say(f"label.{label}"), partial(self._take, document.id, label), style=style)

    def _take(self, document: str, label: Label) -> None:
        self.calls.name(document, label)
        self.host.turn_to(Side.DOCUMENT, document)


load_rules(__file__)
SCREEN = NameSheet
