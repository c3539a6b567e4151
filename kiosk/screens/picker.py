"""A site asks for a file: my documents, and why some of them cannot go; what can be done about it is beside it."""

from __future__ import annotations

from functools import partial

from kivy.uix.gridlayout import GridLayout

from kiosk import plain
from kiosk.screens.paper_sheet import CAPTION, PaperSheet, load_rules, look, paper
from session.papers import Choice, Picker, Unfit


class PickerSheet(PaperSheet):
    def shown(self) -> object:
        papers = self.papers
        return papers.picker, papers.documents, papers.scanner is None, papers.workable, self.host.local.picked

    def fill(self) -> None:
        picker = self.papers.picker
        if picker is None:
            return  # another screen takes this one's place
        there = [one for one in reversed(picker.choices) if self.document(one.document) is not None]
        choices = sorted(there, key=lambda one: (None, *Unfit).index(one.unfit))
        self.titled(self.say("picker.title", site=plain.clean(picker.site, 30)))
        columns, rows = (2, 2) if self.upright else (look.fewer(4), 1)
        nothing = self.back(partial(self.calls.send, picker.id, ()), self.say("picker.nothing"))
        nothing.width = look.h(240)
        part = self.part(choices, columns * rows)
        picked = self._picked(picker)
        if picked:
            self.main(self.say.count("picker.send", len(picked)), partial(self.calls.send, picker.id, picked))
        elif self.papers.scanner is not None:
            self.main(self.say("picker.scan"), self.to_scanner)
        else:
            self.space()
        if not choices:
            self.told(self.scene(self.pictogram("papers")), self.say("picker.none"))
            return
        self.ids.lead.text = self._asked(picker)
        grid = self.grid(columns, rows)
        for one in part:
            self._add(grid, picker, one)
        self.filled(grid)

    def _picked(self, picker: Picker) -> tuple[str, ...]:
        """What was tapped and can still go: a document may have become unfit, or be gone."""
        fit = {one.document for one in picker.choices if one.unfit is None and self.document(one.document) is not None}
        return tuple(one for one in self.host.local.picked if one in fit)

    def _asked(self, picker: Picker) -> str:
        """What the site takes."""
        kinds = ", ".join(plain.clean(kind, 5) for kind in picker.kinds[:4])
        if picker.limit is not None and kinds:
            return self.say("picker.both", kinds=kinds, size=self.limit(picker.limit))
        if picker.limit is not None:
            return self.say("picker.limit", size=self.limit(picker.limit))
        if kinds:
            return self.say("picker.kinds", kinds=kinds)
        return self.say("picker.several" if picker.several else "picker.one")

    def _add(self, grid: GridLayout, picker: Picker, one: Choice) -> None:
        document = self.document(one.document)
        if document is None:
            return
        name, of = self.named(document), (document.id, document.picture)
        match one.unfit:
            case None:
                chosen = document.id in self.host.local.picked
                does = partial(self._tap, picker, document.id)
                note = self.say("picker.chosen") if chosen else self.measured(document)
                style, mark = ("chosen", "tick") if chosen else ("plain", "")
                self.tile(grid, name, note, of, does, style=style, mark=mark)
            case Unfit.SIZE if self.papers.workable and document.closed is None:
                # It need not stay so: a tap makes it fit.
                does = partial(self.calls.fit, document.id)
                if picker.limit is not None:
                    does = partial(self.calls.fit_under, document.id, picker.limit)
                self.tile(grid, name, self.say("picker.fit"), of, does, mark="fit")
            case _:
                why = self.say(f"unfit.{one.unfit}")
                still = paper.Still(title=plain.clean(name, CAPTION), note=why, words=f"{name}, {why}")
                self.picture_of(still.ids.picture, *of)
                grid.add_widget(still)

    def _tap(self, picker: Picker, document: str) -> None:
        picked = self._picked(picker)
        if document in picked:
            self.host.pick(*(one for one in picked if one != document))
        elif picker.several:
            self.host.pick(*picked, document)
        else:
            self.host.pick(document)


load_rules(__file__)
SCREEN = PickerSheet
