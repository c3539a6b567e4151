"""A USB key: what is on it, what goes to it, and when it can be pulled."""

from __future__ import annotations

from functools import partial

from kivy.uix.gridlayout import GridLayout

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules, look
from kiosk.view import Side
from session.papers import KeyFile, KeyProblem, KeyStage, KeyState


class KeySheet(PaperSheet):
    @property
    def _key(self) -> KeyState:
        return self.papers.key or KeyState()

    def shown(self) -> object:
        now = self._key
        return now.stage, now.problem, now.files, now.more, now.copied, bool(self.papers.documents)

    def now(self) -> object:
        return self._key.stage, self._key.problem

    def fill(self) -> None:
        match self._key.stage:
            case KeyStage.NONE:
                self._fill_told("key", "key.none", "key.none_lead")
            case KeyStage.READING:
                self.ids.title.text = self.say("key.reading")
                self.ids.lead.text = self.say("key.stay")
                self.working()
                self.back(self.go(Side.DOCUMENTS))
                self.space()
            case KeyStage.COPYING:
                self.ids.title.text = self.say("key.copying")
                self.ids.lead.text = self.say("key.stay")
                self.progress("key")
                self.back(self.go(Side.DOCUMENTS))
                self.space()
            case KeyStage.READY:
                self._fill_files()
            case KeyStage.DONE:
                self._fill_done()
            case KeyStage.PROBLEM:
                problem = self._key.problem or KeyProblem.FAILED
                self._fill_told("alert", f"key_problem.{problem}", f"key_remedy.{problem}")

    def _fill_told(self, icon: str, title: str, text: str) -> None:
        self.ids.title.text = self.say(title)
        self.told(self.scene(self.pictogram(icon)), self.say(text))
        # A problem that was read is over: the key is looked at again.
        self.back(self._close)
        self.agent()

    def _fill_done(self) -> None:
        self.ids.title.text = self.say.count("key.done", self._key.copied)
        self.told(self.scene(self.pictogram("tick")), self.say("key.pull"))
        self.space()
        close = self.main(self.say("key.understood"), self._close)
        close.leads_back = True
        self.space()

    def _close(self) -> None:
        if self._key.stage in (KeyStage.DONE, KeyStage.PROBLEM):
            self.calls.leave_key()
        self.host.turn_to(Side.DOCUMENTS)

    def _fill_files(self) -> None:
        files = self._key.files
        self.ids.title.text = self.say("key.title")
        columns, rows = (2, 2) if self.upright else (look.fewer(4), 1)
        self.back(self.go(Side.DOCUMENTS))
        part = self.part(files, columns * rows)
        if self.papers.documents:
            self.main(self.say("key.copy_all"), partial(self.calls.copy_to_key, ()))
        else:
            self.space()
        if not files:
            self.told(self.scene(self.pictogram("key")), self.say("key.empty"))
            return
        self.ids.lead.text = self.say("key.more" if self._key.more else "key.lead")
        grid = self.grid(columns, rows)
        for file in part:
            self._add(grid, file)
        self.filled(grid)

    def _add(self, grid: GridLayout, file: KeyFile) -> None:
        name = plain.clean(file.name, 60) or self.say("origin.key")
        note, mark = (self.say("key.taken"), "tick") if file.taken else (self.say.size(file.size), "")
        does = self.go(Side.DOCUMENTS) if file.taken else partial(self.calls.take_from_key, file.id)
        self.tile(grid, name, note, (file.id, file.picture), does, mark=mark)

    def live(self) -> None:
        if self._key.stage is KeyStage.COPYING:
            self.come_to(self._key.percent)


load_rules(__file__)
SCREEN = KeySheet
