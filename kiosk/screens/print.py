"""Printing: what will come out, shown before anything does; how it goes; what is wrong, and what to do."""

from __future__ import annotations

from functools import partial

import msgspec

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules, look, paper
from kiosk.view import Side
from printing.model import PrintJob, PrintProblem, PrintStage, PrintState


class PrintSheet(PaperSheet):
    @property
    def _state(self) -> PrintState:
        return self.papers.printing or PrintState()

    def shown(self) -> object:
        now = self._state
        return now.stage, now.job, now.problem, now.refusal, now.low

    def now(self) -> object:
        return self._state.stage, self._state.problem

    def fill(self) -> None:
        job = self._state.job
        if job is None:
            return  # another screen takes this one's place
        match self._state.stage:
            case PrintStage.CHECKING:
                self.ids.title.text = self.say("print.checking")
                self.working()
                self._leave(job)
                self.space()
            case PrintStage.ASKING:
                self._fill_asking(job)
            case PrintStage.PRINTING:
                self.ids.title.text = self.say("print.printing")
                self.progress("printer")
                self.space()
                self.button(self.say("print.stop"), partial(self.calls.leave_print, job.id))
                self.space()
            case PrintStage.STOPPED:
                self._fill_stopped(job)
            case _:
                self._fill_ended(job)

    def _fill_asking(self, job: PrintJob) -> None:
        short = job.left is not None and job.left < job.printed_pages * job.copies
        self.ids.title.text = self.say.count("print.title", job.sheets)
        self.ids.lead.text = self._cost(job)
        column = self.scene(self.page(job.id, job.picture, job.only_page or 1))
        copies = self.choices(column, 3)
        fewer = self.choice(copies, "smaller", "", partial(self._copies, job, -1))
        fewer.words, fewer.disabled = self.say("print.fewer"), job.copies <= 1
        copies.add_widget(paper.Number(text=self.say.count("print.copies", job.copies)))
        more = self.choice(copies, "larger", "", partial(self._copies, job, 1))
        more.words, more.disabled = self.say("print.more"), job.copies >= job.most_copies
        for button in (fewer, more):
            button.size_hint_x, button.width = None, look.t(76)
            button.opacity = 0.3 if button.disabled else 1
        grid = self.choices(column, 1)
        grid.size_hint_y = 2
        self.choice(grid, "eye", self.say("print.look"), self.go(Side.LOOK, job.id))
        how = ", ".join(self.say(f"print_choices.{key}") for key in _how(job))
        self.choice(grid, "choices", self.say("print.choose"), self.go(Side.PRINT_CHOICES), note=how)
        self._leave(job)
        if short:
            self.agent("main")
        else:
            self.main(self.say("print.now"), partial(self.calls.print_now, job.id))

    def _cost(self, job: PrintJob) -> str:
        """What it costs, or what is left; a printer's name where there are several."""
        if job.left is not None and job.left < job.printed_pages * job.copies:
            return self.say.count("print.too_many", job.left)
        if job.price:
            return self.say("print.price", euros=job.price // 100, cents=f"{job.price % 100:02d}")
        if job.left is not None:
            return self.say.count("print.left", job.left)
        return self.say("print.on", printer=plain.clean(job.printer, 30)) if job.printer else self.say("print.free")

    def _fill_stopped(self, job: PrintJob) -> None:
        problem = self._state.problem or PrintProblem.FAILED
        self.ids.title.text = self.say(f"print_problem.{problem}")
        column = self.scene(self.pictogram("alert"))
        then = [self.say("print.goes_on")] if problem is not PrintProblem.QUOTA else []
        self.told(column, self.say(f"print_remedy.{problem}"), *then)
        self.button(self.say("print.stop"), partial(self.calls.leave_print, job.id))
        self.agent("main")

    def _fill_ended(self, job: PrintJob) -> None:
        now = self._state
        match now.stage:
            case PrintStage.REFUSED:
                title, text = self.say("print.refused"), self.say(f"print_refusal.{now.refusal or 'broken'}")
            case PrintStage.CANCELLED:
                title, text = self.say("print.cancelled"), self.say("print.may_come")
            case _:
                title, text = self.say("print.done"), self.say.count("print.take", job.sheets)
        self.ids.title.text = title
        done = now.stage is PrintStage.DONE
        column = self.scene(self.pictogram("papers" if done else "printer"))
        self.told(column, text, *([self.say("print.low")] if done and now.low else []))
        self.space()
        close = self.main(self.say("print.taken" if done else "common.back"), partial(self.calls.leave_print, job.id))
        close.leads_back = True
        self.space()

    def _leave(self, job: PrintJob) -> None:
        button = self.back(partial(self.calls.leave_print, job.id), self.say("print.leave"))
        button.width = look.h(280)

    def _copies(self, job: PrintJob, by: int) -> None:
        copies = min(job.most_copies, max(1, job.copies + by))
        self.calls.print_as(msgspec.structs.replace(job, copies=copies))

    def live(self) -> None:
        now = self._state
        if now.stage is PrintStage.PRINTING and now.job is not None:
            pages = now.job.printed_pages * now.job.copies
            self.ids.lead.text = self.say("print.page", n=max(1, now.page), count=pages)
            self.come_to(100 * now.page // max(1, pages))


def _how(job: PrintJob) -> list[str]:
    """Keys of the words for what was chosen."""
    return [
        "colour" if job.colour else "black",
        "two_sides" if job.two_sided else "one_side",
        *(["one_page"] if job.only_page is not None else []),
    ]


load_rules(__file__)
SCREEN = PrintSheet
