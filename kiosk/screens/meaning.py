"""What one word means, in one or two sentences."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Meaning(FullSheet):
    offers_display = True

    def refresh(self) -> None:
        super().refresh()
        term = self.host.local.term
        if term is not None:
            self.ids.word.text = self.say(f"glossary.{term}")
            self.ids.text.text = self.say(f"glossary.{term}_means")


load_rules(__file__)
SCREEN = Meaning
