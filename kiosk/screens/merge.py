"""Which documents become one: in the order in which they are tapped."""

from __future__ import annotations

from functools import partial

from kiosk.screens.paper_sheet import PaperSheet, joinable, load_rules, look
from kiosk.view import Side


class MergeSheet(PaperSheet):
    def shown(self) -> object:
        return joinable(self.papers), self.host.local.picked, self.host.local.chosen

    @property
    def _picked(self) -> tuple[str, ...]:
        """What was tapped and is still there."""
        there = {one.id for one in joinable(self.papers)}
        return tuple(one for one in self.host.local.picked if one in there)

    def fill(self) -> None:
        chosen, picked = self.host.local.chosen, self._picked
        self.ids.title.text = self.say("merge.title")
        self.ids.lead.text = self.say("merge.lead")
        columns, rows = (2, 2) if self.upright else (look.fewer(4), 1)
        back = self.document(chosen) is not None
        self.back(self.go(Side.DOCUMENT, chosen) if back else self.go(Side.DOCUMENTS))
        part = self.part(tuple(reversed(joinable(self.papers))), columns * rows)
        if len(picked) > 1:
            self.main(self.say.count("merge.yes", len(picked)), partial(self._merge, picked))
        else:
            self.space()
        grid = self.grid(columns, rows)
        for document in part:
            place = picked.index(document.id) + 1 if document.id in picked else 0
            note = self.say("merge.place", n=place) if place else self.measured(document)
            does = partial(self._tap, picked, document.id)
            style, mark = ("chosen", "tick") if place else ("plain", "")
            of = (document.id, document.picture)
            self.tile(grid, self.named(document), note, of, does, style=style, mark=mark)
        self.filled(grid)

    def _tap(self, picked: tuple[str, ...], document: str) -> None:
        if document in picked:
            self.host.pick(*(one for one in picked if one != document))
        else:
            self.host.pick(*picked, document)

    def _merge(self, picked: tuple[str, ...]) -> None:
        self.calls.merge(picked)
        self.host.pick()
        self.host.turn_to(Side.DOCUMENTS)


load_rules(__file__)
SCREEN = MergeSheet
