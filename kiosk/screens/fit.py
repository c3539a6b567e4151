"""Make it fit: under which size, how it goes, and whether it can still be read."""

from __future__ import annotations

from functools import partial

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from session.papers import Fit, FitStage, Paper


class FitSheet(PaperSheet):
    def shown(self) -> object:
        return self.papers.fit, self.document(self.papers.fit.document) if self.papers.fit is not None else None

    def now(self) -> object:
        return self.papers.fit.stage if self.papers.fit is not None else None

    def fill(self) -> None:
        fit = self.papers.fit
        document = self.document(fit.document) if fit is not None else None
        if fit is None or document is None:
            return  # another screen takes this one's place
        match fit.stage:
            case FitStage.ASKING:
                self._fill_asking(fit, document)
            case FitStage.WORKING:
                self.ids.title.text = self.say("fit.working")
                self.ids.lead.text = self.say("fit.under", size=self.limit(fit.limit))
                self.working()
                self.back(self._leave, self.say("fit.stop"))
                self.space()
            case FitStage.DONE:
                self.ids.title.text = self.say("fit.done", size=self.say.size(fit.size))
                column = self.scene(self.page(document.id, fit.picture or document.picture))
                self.told(column, self.say("fit.readable"))
                self.back(self._leave, self.say("fit.leave"))
                self.main(self.say("fit.keep"), partial(self.calls.keep_fit, document.id))
            case FitStage.UNREADABLE:
                self._fill_unreadable(fit, document)
            case FitStage.FAILED:
                self.ids.title.text = self.say("fit.failed")
                column = self.scene(self.page(document.id, document.picture))
                self.told(column, self.say("fit.failed_advice"))
                self.back(self._leave)
                self.agent()

    def _fill_asking(self, fit: Fit, document: Paper) -> None:
        self.ids.title.text = self.say("fit.title")
        self.ids.lead.text = self.say("fit.lead", size=self.say.size(document.size))
        self._offer(fit, document)
        self.back(self._leave)
        self.space()

    def _fill_unreadable(self, fit: Fit, document: Paper) -> None:
        self.ids.title.text = self.say("fit.unreadable")
        self.ids.lead.text = self.say("fit.advice", size=self.limit(fit.limit))
        self._offer(fit, document)
        self.back(self._leave)
        self.agent()

    def _offer(self, fit: Fit, document: Paper) -> None:
        """The limits that can be chosen; not again the one that was too small."""
        grid = self.choices(self.scene(self.page(document.id, document.picture)))
        for limit in fit.limits:
            if limit > fit.limit:
                text = self.say("fit.under", size=self.limit(limit))
                self.choice(grid, "fit", text, partial(self.calls.fit_under, document.id, limit))

    def _leave(self) -> None:
        if self.papers.fit is not None:
            self.calls.leave_fit(self.papers.fit.document)


load_rules(__file__)
SCREEN = FitSheet
