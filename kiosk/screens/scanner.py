"""Scanning: lay the paper down, wait, look at the page, go on. Or what is wrong, and what to do."""

from __future__ import annotations

from functools import partial

import msgspec

from kiosk.paper_path import NEXT
from kiosk.screens.paper_sheet import PaperSheet, load_rules
from kiosk.view import Side
from scanner.model import ScannerState, ScanProblem, ScanStage, Source


class ScannerSheet(PaperSheet):
    @property
    def _scanner(self) -> ScannerState:
        return self.papers.scanner or ScannerState(stage=ScanStage.LOOKING)

    @property
    def _laying(self) -> bool:
        """Whether a paper is to be laid down: at the beginning, and before each page after the first."""
        stage = self._scanner.stage
        return stage is ScanStage.READY or (stage is ScanStage.DONE and bool(self.host.local.chosen))

    def shown(self) -> object:
        told = None if self._scanner.percent is None else 0
        return msgspec.structs.replace(self._scanner, percent=told), self.host.local.chosen

    def now(self) -> object:
        return self._scanner.stage, self._scanner.problem, self._laying

    def fill(self) -> None:
        match self._scanner.stage:
            case _ if self._laying:
                self._fill_laying()
            case ScanStage.SCANNING:
                self._fill_scanning()
            case ScanStage.DONE:
                self._fill_done()
            case ScanStage.PROBLEM:
                self._fill_problem()
            case _:
                self._fill_looking()

    def _fill_looking(self) -> None:
        self.ids.title.text = self.say("scanner.looking")
        self.ids.lead.text = self.say("scanner.looking_lead")
        self.working()
        self.back(self._leave)
        self.space()

    def _fill_laying(self) -> None:
        now, chosen = self._scanner, self.host.local.chosen
        again = chosen not in ("", NEXT)
        feeder = now.source is Source.FEEDER
        if now.card:
            key = "scanner.card_second" if now.second_face else "scanner.card_first"
        elif again:
            key = "scanner.lay_again"
        elif now.pages:
            key = "scanner.lay_next"
        else:
            key = "scanner.lay_feeder" if feeder else "scanner.lay"
        self.ids.title.text = self.say(key)
        column = self.scene(self.pictogram("card" if now.card else "feeder" if feeder else "lay"))
        hint = "scanner.hint_feeder" if feeder else "scanner.hint_card" if now.card else "scanner.hint"
        self.told(column, self.say(hint))
        if not (feeder or again or now.pages or now.second_face):
            kinds = self.choices(column, 2)
            kinds.size_hint_y = 0.7
            for icon, word, on in (("document", "scanner.sheet", False), ("card", "scanner.card", True)):
                style = "chosen" if on is now.card else "plain"
                self.choice(kinds, icon, self.say(word), partial(self.calls.scan_card, on), style=style)
        self.back(self._leave)
        if now.pages and not again:
            self.button(self.say.count("scanner.finish", len(now.pages)), self.go(Side.REVIEW))
        self.main(self.say("scanner.scan"), (lambda: self.calls.retake(chosen)) if again else self.calls.scan)

    def _fill_scanning(self) -> None:
        self.ids.title.text = self.say("scanner.scanning")
        self.ids.lead.text = self.say("scanner.scanning_lead")
        if self._scanner.percent is None:
            self.working()
        else:
            self.progress("scanner")
        self.space()
        self.button(self.say("scanner.stop"), self.calls.stop_scan)
        self.space()

    def live(self) -> None:
        if self._scanner.percent is not None:
            self.come_to(self._scanner.percent)

    def _fill_done(self) -> None:
        pages = self._scanner.pages
        page = next((one for one in pages if one.id == self._scanner.newest), pages[-1])
        self.ids.title.text = self.say("scanner.blank" if page.blank else "scanner.done")
        column = self.scene(self.page(page.id, page.picture))
        grid = self.choices(column)
        self.choice(grid, "document", self.say("scanner.next"), self.go(Side.SCANNER, NEXT))
        self.choice(grid, "again", self.say("scanner.again"), self.go(Side.SCANNER, page.id))
        if page.blank:
            self.choice(grid, "bin", self.say("scanner.drop"), lambda: self.calls.drop_page(page.id))
        self.back(self._leave)
        self.main(self.say.count("scanner.finish", len(self._scanner.pages)), self.go(Side.REVIEW))

    def _fill_problem(self) -> None:
        problem = self._scanner.problem or ScanProblem.FAILED
        if problem is ScanProblem.FULL:
            return self._fill_full()
        self.ids.title.text = self.say(f"scan_problem.{problem}")
        column = self.scene(self.pictogram("alert"))
        kept = [self.say("scanner.kept")] if self._scanner.pages else []
        self.told(column, self.say(f"scan_remedy.{problem}"), *kept)
        if self._scanner.pages:
            finish = self.button(self.say.count("scanner.finish", len(self._scanner.pages)), self.go(Side.REVIEW))
            finish.leads_back = True
        else:
            self.back(self._leave)
        self.agent()
        # One that is not there may have been told of before a paper was laid down: that comes first then.
        gone = problem in (ScanProblem.NOT_FOUND, ScanProblem.UNPLUGGED) and not self._scanner.pages
        self.main(self.say("scanner.retry"), self.calls.look_for_scanner if gone else self.calls.scan)

    def _fill_full(self) -> None:
        """Another try would fail again: what is there becomes a document, or gives room."""
        pages = self._scanner.pages
        self.ids.title.text = self.say("scan_problem.full")
        column = self.scene(self.pictogram("alert"))
        self.told(column, self.say("scan_remedy.full" if pages else "scanner.full_none"))
        if pages:
            self.agent()
            finish = self.main(self.say.count("scanner.finish", len(pages)), self.go(Side.REVIEW))
            finish.leads_back = True
        else:
            self.back(self._leave)
            self.agent()

    def _leave(self) -> None:
        """Back to where the papers are; the pages stay where they are until the visit ends."""
        if self.host.local.chosen:
            self.host.turn_to(Side.SCANNER)
        elif self.papers.picker is not None:
            self.host.turn_to(None)
        elif self.papers.documents is not None:
            self.host.turn_to(Side.DOCUMENTS)
        else:
            self.host.turn_to(None)


load_rules(__file__)
SCREEN = ScannerSheet
