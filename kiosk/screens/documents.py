"""My documents: their names and sizes, and what becomes of them."""

from __future__ import annotations

from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk import plain
from kiosk.screens.sheet import FullSheet, Host, load_rules
from kiosk.widgets import look
from session.pages import DeskSnapshot

DOCUMENTS_A_PART = 5


class DocumentRow(BoxLayout):
    name = StringProperty("")
    size_text = StringProperty("")


class Documents(FullSheet):
    offers_display = True

    def __init__(self, host: Host) -> None:
        self._part = 0
        self._filled: tuple[object, ...] = ()
        super().__init__(host)

    def refresh(self) -> None:
        super().refresh()
        desk = self.host.desk
        if desk is not None and (desk.documents, desk.downloading, self._part) != self._filled:
            self._fill(desk)
            self._filled = (desk.documents, desk.downloading, self._part)

    def turn(self) -> None:
        self._part += 1
        self.refresh()

    def _fill(self, desk: DeskSnapshot) -> None:
        part = plain.part(desk.documents, look.fewer(DOCUMENTS_A_PART), self._part)
        self.ids.rows.clear_widgets()
        for document in desk.documents[part.first : part.last]:
            size = self.say.size(document.size) if document.complete else self.say("documents.partial")
            self.ids.rows.add_widget(DocumentRow(name=plain.clean(document.name), size_text=size))
        arriving = self.say("bar.arriving") if desk.downloading else ""
        nothing = self.say("documents.none") if not desk.documents else ""
        self.ids.lead.text = arriving or nothing or self.say("documents.lead")
        self.ids.more.text = self.say("common.more", number=part.number, count=part.parts)
        self.ids.more.opacity = 1 if part.parts > 1 else 0
        self.ids.more.disabled = part.parts <= 1


load_rules(__file__)
SCREEN = Documents
