"""How it is printed: colour, sides, all pages or one."""

from __future__ import annotations

from functools import partial

import msgspec
from kivy.uix.boxlayout import BoxLayout

from kiosk.screens.paper_sheet import PaperSheet, load_rules
from printing.model import PrintJob


class PrintChoicesSheet(PaperSheet):
    @property
    def _job(self) -> PrintJob | None:
        return self.papers.printing.job if self.papers.printing is not None else None

    def shown(self) -> object:
        return self._job

    def fill(self) -> None:
        job = self._job
        self.ids.title.text = self.say("print_choices.title")
        ready = self.main(self.say("print_choices.ready"), self.go(None))
        ready.leads_back = True
        if job is None:
            return  # another screen takes this one's place
        column = self.scene(self.page(job.id, job.picture, job.only_page or 1))
        if job.can_colour:
            self._pair(column, job, "colour", ("black", "black", False), ("colour", "colour", True))
        if job.can_two_sided:
            self._pair(column, job, "two_sided", ("document", "one_side", False), ("pages", "two_sides", True))
        if job.pages > 1:
            self._pair(column, job, "only_page", ("pages", "all_pages", None), ("document", "one_page", 1))

    def _pair(self, column: BoxLayout, job: PrintJob, field: str, *ways: tuple[str, str, int | None]) -> None:
        grid = self.choices(column, len(ways))
        for icon, key, value in ways:
            now = getattr(job, field)
            chosen = (now is None) == (value is None) if field == "only_page" else now == value
            self.choice(
                grid,
                icon,
                self.say(f"print_choices.{key}"),
                partial(self._set, job, field, value),
                style="chosen" if chosen else "plain",
            )

    def _set(self, job: PrintJob, field: str, value: int | None) -> None:
        self.calls.print_as(msgspec.structs.replace(job, **{field: value}))


load_rules(__file__)
SCREEN = PrintChoicesSheet
