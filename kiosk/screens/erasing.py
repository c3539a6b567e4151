"""The visit is over; everything is being erased. Nobody knows how long it takes, so no progress is shown."""

from __future__ import annotations

from kiosk import leaving
from kiosk.screens.sheet import FullSheet, load_rules


class Erasing(FullSheet):
    def refresh(self) -> None:
        super().refresh()
        self.ids.key.text = self.say("leaving.key") if leaving.plugged(self.host.rooms.papers) else ""


load_rules(__file__)
SCREEN = Erasing
