"""The papers that the procedure takes: which are there, which are missing."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from session.procedures.model import DossierLine, NeededPaper, Procedure, Status

A_PART = 3
LABEL_LENGTH = 40

ICONS = {Status.UNKNOWN: "question", Status.HAVE: "tick", Status.TO_SCAN: "scanner", Status.TO_ASK: "mail"}


class DossierSheet(PaperSheet):
    @property
    def _procedure(self) -> Procedure | None:
        """The one that was chosen: its dossier may come a moment later."""
        known = self.host.rooms.procedures
        return next((one for one in known.procedures if one.id == self.host.local.chosen), None) if known else None

    def shown(self) -> object:
        return self._procedure, self.papers.dossier, self.papers.printing is None

    def fill(self) -> None:
        one = self._procedure
        if one is None:
            self.ids.title.text = self.say("procedures.none")
            self.back(self.go(None))
            self.space()
            return
        lines = list(self._lines(one))
        missing = sum(needed.required and line.status is not Status.HAVE for needed, line in lines)
        self.ids.title.text = self.say("dossier.title")
        self.ids.lead.text = self.say.count("dossier.missing", missing) if missing else self.say("dossier.complete")
        self.back(self.go(Side.CARD, one.id))
        rows = A_PART + 2 if self.upright else A_PART
        part = self.part(lines, rows)
        if missing and self.papers.printing is not None:
            self.button(self.say("dossier.print"), self.calls.print_missing)
        self.main(self.say("dossier.begin"), lambda: self._begin(one))
        grid = self.grid(1, rows)
        for needed, line in part:
            note = self.say(f"status.{line.status}")
            if not needed.required:
                note = self.say("dossier.optional", status=note)
            text = plain.clean(needed.label, LABEL_LENGTH)
            style = "chosen" if line.status is Status.HAVE else "plain"
            self.choice(grid, ICONS[line.status], text, self.go(Side.PAPER, needed.id), style=style, note=note)
        self.filled(grid)

    def _lines(self, one: Procedure) -> Iterator[tuple[NeededPaper, DossierLine]]:
        """Every paper of the procedure: one that the dossier does not speak of is not known to be there."""
        dossier = self.papers.dossier
        there = dossier is not None and dossier.procedure == one.id
        known = {line.paper: line for line in dossier.lines} if dossier is not None and there else {}
        for needed in one.papers:
            yield needed, known.get(needed.id, DossierLine(needed.id))

    def _begin(self, one: Procedure) -> None:
        self.host.turn_to(None)
        self.host.open_site(one.site)


load_rules(__file__)
SCREEN = DossierSheet
