"""One paper of the dossier: whether it is there, and where it is got."""

from __future__ import annotations

from functools import partial

from kiosk import plain
from kiosk.screens.dossier import ICONS, LABEL_LENGTH
from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from session.procedures.model import DossierLine, NeededPaper, Status

WHERE_LENGTH = 90


class PaperOfDossierSheet(PaperSheet):
    def _what(self) -> tuple[NeededPaper | None, DossierLine]:
        known, dossier, id_ = self.host.rooms.procedures, self.papers.dossier, self.host.local.chosen
        line = next((one for one in dossier.lines if one.paper == id_), None) if dossier is not None else None
        procedures = known.procedures if known is not None and dossier is not None else ()
        needed = (
            one
            for procedure in procedures
            if dossier is not None and procedure.id == dossier.procedure
            for one in procedure.papers
            if one.id == id_
        )
        return next(needed, None), line or DossierLine(id_)

    def shown(self) -> object:
        return self._what(), self.papers.scanner is None, self.papers.documents

    def fill(self) -> None:
        needed, line = self._what()
        dossier = self.papers.dossier
        self.back(self.go(Side.DOSSIER, dossier.procedure) if dossier is not None else self.go(None))
        if needed is None:
            self.ids.title.text = self.say("paper.gone")
            self.space()
            return
        self.titled(plain.clean(needed.label, LABEL_LENGTH))
        self.ids.lead.text = plain.clean(needed.where, WHERE_LENGTH)
        document = self.document(line.document) if line.document is not None else None
        picture = self.page(document.id, document.picture) if document is not None else self.pictogram("papers")
        grid = self.choices(self.scene(picture))
        for status in (Status.HAVE, Status.TO_SCAN, Status.TO_ASK):
            style = "chosen" if status is line.status else "plain"
            does = partial(self.calls.set_paper, needed.id, status)
            self.choice(grid, ICONS[status], self.say(f"status.{status}"), does, style=style)
        if self.papers.scanner is not None:
            self.main(self.say("picker.scan"), self.to_scanner)
        else:
            self.space()


load_rules(__file__)
SCREEN = PaperOfDossierSheet
