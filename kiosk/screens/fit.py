"""Make it fit: under which size, how it goes, and whether it can still be read."""

from __future__ import annotations

from functools import partial

import msgspec

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from session.papers import Fit, FitStage, Paper


class FitSheet(PaperSheet):
    def shown(self) -> object:
        fit = self.papers.fit
        if fit is None:
            return None
        told = None if fit.percent is None else 0
        return msgspec.structs.replace(fit, percent=told), self.document(fit.document)

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
                if fit.percent is None:
                    self.working()
                else:
                    self.progress("fit")
                self.back(self._leave, self.say("fit.stop"))
                self.space()
            case FitStage.DONE:
                self.ids.title.text = self.say("fit.done", size=self.say.size(fit.size))
                column = self.scene(self.page(document.id, fit.picture or document.picture))
                lost = [self.say("fit.lost_colour")] if fit.lost_colour else []
                self.told(column, *lost, self.say("fit.readable"))
                self.back(self._leave, self.say("fit.leave"))
                self.main(self.say("fit.keep"), partial(self.calls.keep_fit, document.id))
            case FitStage.UNREADABLE:
                self._fill_unreadable(fit, document)
            case FitStage.FAILED:
                self.ids.title.text = self.say("fit.failed")
                column = self.scene(self.page(document.id, document.picture))
                told = [f"closed.{fit.why}", f"closed_next.{fit.why}"] if fit.why is not None else ["fit.failed_advice"]
                self.told(column, *map(self.say, told))
                self.back(self._leave)
                self.agent()

    def _fill_asking(self, fit: Fit, document: Paper) -> None:
        self.ids.title.text = self.say("fit.title")
        site = self.say("picker.limit", size=self.limit(fit.site)) if fit.site else ""
        self.ids.lead.text = site or self.say("fit.lead", size=self.say.size(document.size))
        self._offer(fit, document)
        self.back(self._leave)
        self.space()

    def _fill_unreadable(self, fit: Fit, document: Paper) -> None:
        self.ids.title.text = self.say("fit.unreadable")
        size = self.limit(fit.limit)
        if 0 < fit.pages < document.pages and fit.parts > 1:
            self.ids.lead.text = self.say("fit.advice_parts", size=size, n=fit.parts)
        else:
            self.ids.lead.text = self.say("fit.advice_page" if document.pages > 1 else "fit.advice", size=size)
        self._offer(fit, document)
        self.back(self._leave)
        self.agent()

    def _offer(self, fit: Fit, document: Paper) -> None:
        """What helps: the limits that can be chosen, none that is known to be too small; to cut it."""
        column = self.scene(self.page(document.id, document.picture))
        limits = [limit for limit in fit.limits if limit > fit.limit and limit >= fit.smallest]
        cut = 0 < fit.pages < document.pages
        if not (limits or cut):
            self.told(column, self.say("fit.none"))
            return
        grid = self.choices(column)
        if cut:
            text = self.say("fit.cut", n=fit.pages)
            self.choice(grid, "cut", text, partial(self._cut, document.id, fit.pages + 1))
        for limit in limits:
            site = limit == fit.site
            text = self.say("fit.site" if site else "fit.under", size=self.limit(limit))
            does = partial(self.calls.fit_under, document.id, limit)
            self.choice(grid, "fit", text, does, style="main" if site else "plain")

    def _cut(self, document: str, page: int) -> None:
        self.calls.leave_fit(document)
        self.calls.split(document, page)  # it is gone then: that leads to the documents, or to the site that asks

    def live(self) -> None:
        fit = self.papers.fit
        if fit is not None and fit.stage is FitStage.WORKING and fit.percent is not None:
            self.come_to(fit.percent)

    def _leave(self) -> None:
        if self.papers.fit is not None:
            self.calls.leave_fit(self.papers.fit.document)


load_rules(__file__)
SCREEN = FitSheet
