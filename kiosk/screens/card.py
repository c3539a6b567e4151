"""A procedure, before it is begun: what it is, how long it takes, what it needs, where it is done, whom to call."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from kivy.uix.gridlayout import GridLayout

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules, look, paper
from kiosk.view import Side
from kiosk.widgets.pictograms import NEEDS
from session.procedures.model import Procedure

TITLE_LENGTH, OFFICIAL_LENGTH, HOST_LENGTH = 48, 60, 40


class CardSheet(PaperSheet):
    @property
    def _procedure(self) -> Procedure | None:
        known = self.host.rooms.procedures
        return next((one for one in known.procedures if one.id == self.host.local.chosen), None) if known else None

    def shown(self) -> object:
        return self._procedure

    def fill(self) -> None:
        one = self._procedure
        if one is None:
            self.ids.title.text = self.say("procedures.none")
            self.back(self.go(None))
            self.space()
            return
        self.titled(plain.clean(one.title, TITLE_LENGTH))
        self.ids.lead.text = plain.clean(one.official, OFFICIAL_LENGTH)
        self.back(self.go(Side.PROCEDURES, one.theme))
        columns = 1 if self.upright else 2
        part = self.part(list(self._facts(one)), 8 if self.upright else columns * look.fewer(4))
        if one.papers:
            self.button(self.say("card.papers"), lambda: self._look_at_papers(one))
        self.main(self.say("card.begin"), lambda: self._begin(one))
        grid = GridLayout(cols=columns, spacing=(look.u(28), look.s(18)))
        for icon, text in part:
            grid.add_widget(paper.Fact(icon=icon, text=text))
        self.ids.body.add_widget(grid)

    def _facts(self, one: Procedure) -> Iterator[tuple[str, str]]:
        yield "clock", self.say.count("card.minutes", one.minutes)
        if one.papers:
            yield "papers", self.say.count("card.count", len(one.papers))
        if one.limit:
            yield "fit", self.say("card.limit", size=self.limit(one.limit))
        for need in one.needs:
            yield NEEDS[need], self.say(f"need.{need}")
        yield "lock", self.say("card.host", host=plain.clean(one.host, HOST_LENGTH))
        if one.contact is not None:
            name, phone, hours = (plain.clean(text, 40) for text in msgspec.structs.astuple(one.contact))
            said = (name, phone.replace(" ", "\N{NO-BREAK SPACE}"), hours)
            yield "phone", self.say("card.call", who=", ".join(text for text in said if text))

    def _look_at_papers(self, one: Procedure) -> None:
        self.calls.begin(one.id)
        self.host.turn_to(Side.DOSSIER, one.id)

    def _begin(self, one: Procedure) -> None:
        self.calls.begin(one.id)
        self.host.turn_to(None)
        self.host.open_site(one.site)


load_rules(__file__)
SCREEN = CardSheet
