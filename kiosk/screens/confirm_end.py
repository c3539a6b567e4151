"""The question before everything is erased. Only a tap on it answers; no key does."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class ConfirmEnd(FullSheet):
    def refresh(self) -> None:
        super().refresh()
        left = sum(not paper.used for paper in self.host.rooms.papers.documents or ())
        self.ids.lead.text = self.say.count("confirm_end.left", left) if left else self.say("confirm_end.text")


load_rules(__file__)
SCREEN = ConfirmEnd
