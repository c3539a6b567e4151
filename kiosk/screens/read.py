"""The words of a page, in large letters, to be read or heard. A machine found them: it may be wrong, and says so."""

from __future__ import annotations

from kiosk import plain
from kiosk.screens.paper_sheet import PaperSheet, load_rules, look, paper
from kiosk.screens.sheet import Host
from kiosk.view import Side
from session.papers import MAX_TEXT, Reading, ReadStage

LETTERS = 34
"""Height of the letters at the usual size of words, in pixels of the design."""


class ReadSheet(PaperSheet):
    def __init__(self, host: Host) -> None:
        self._page = 0
        self._at_end = True
        """Whether the last lines of the page are on the screen: only then the next page is offered."""
        super().__init__(host)
        # How much fits is known once the screen has its size.
        self.ids.body.bind(size=lambda *_: self.refresh())

    @property
    def _reading(self) -> Reading | None:
        reading = self.papers.reading
        return reading if reading is not None and reading.document == self.host.local.chosen else None

    def shown(self) -> object:
        return self._reading, self.document(self.host.local.chosen), self._room

    def now(self) -> object:
        return self._reading.stage if self._reading is not None else None

    @property
    def _room(self) -> tuple[int, int]:
        """Lines, and pixels of each."""
        body = self.ids.body
        return max(1, int(body.height / (look.t(LETTERS) * paper.LINE))), int(body.width)

    def fill(self) -> None:
        chosen = self.host.local.chosen
        document, reading = self.document(chosen), self._reading
        self._at_end = True
        if document is None:
            self.ids.title.text = self.say("document.gone")
            self.back(self.go(Side.DOCUMENTS))
            self.space()
            return
        self.back(self._leave)
        if reading is None:  # it was just asked for
            self.ids.title.text = self.say("read.working")
            self.working()
            self.space()
            return
        if reading.page != self._page:
            self._page, self._part = reading.page, 0
        self.ids.title.text = self.say("read.title", n=reading.page, count=max(1, document.pages))
        if reading.stage is ReadStage.WORKING and not reading.lines:
            self.ids.lead.text = self.say("read.working")
            self.working()
        elif reading.lines:
            self._fill_lines(reading)
        else:
            none = "read.nothing" if reading.stage is ReadStage.NOTHING else "read.failed"
            why = [self.say(f"closed.{reading.why}")] if reading.why is not None else []
            self.told(self.scene(self.page(document.id, document.picture, reading.page)), *why, self.say(none))
        if reading.page < document.pages and reading.stage is not ReadStage.WORKING and self._at_end:
            self.main(self.say("look.after"), lambda: self.calls.read(document.id, reading.page + 1))
        else:
            self.space()

    def _fill_lines(self, reading: Reading) -> None:
        """As many as fit; the rest is a tap away."""
        self.ids.lead.text = self.say("read.working" if reading.stage is ReadStage.WORKING else "read.lead")
        room, width = self._room
        lines = [
            line
            for untrusted_line in reading.lines
            for line in paper.wrapped(plain.clean(untrusted_line, MAX_TEXT), look.t(LETTERS), width)
        ]
        shown = self.part(lines, room)
        self._at_end = lines[-len(shown) :] == shown
        self.ids.body.add_widget(paper.Script(text="\n".join(shown), font_size=look.t(LETTERS)))

    def _leave(self) -> None:
        self.calls.leave_reading()
        self.host.turn_to(Side.LOOK, self.host.local.chosen)


load_rules(__file__)
SCREEN = ReadSheet
