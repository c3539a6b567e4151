"""The question before everything is erased. Only a tap on it answers; no key does."""

from __future__ import annotations

from kiosk import leaving
from kiosk.screens.sheet import FullSheet, Host, load_rules
from kiosk.view import Side


class ConfirmEnd(FullSheet):
    def __init__(self, host: Host) -> None:
        self._copying: int | None = None
        super().__init__(host)

    def refresh(self) -> None:
        super().refresh()
        papers, say, ids = self.host.rooms.papers, self.say, self.ids
        self._copying = percent = leaving.copying(papers)
        # Another question than the one before: a finger on its way to that one does not answer it.
        self.moment = percent is not None
        ids.title.text = say("confirm_end.title" if percent is None else "leaving.copying_title")
        lost = leaving.lost(say, papers) or say("confirm_end.text")
        ids.lead.text = lost if percent is None else say("leaving.copying", n=percent)
        take = "leaving.take_key" if leaving.plugged(papers) else "confirm_end.take"
        ids.take.text = say(take if percent is None else "key.stay")
        ids.no.text = say("confirm_end.no" if percent is None else "leaving.wait")
        ids.yes.text = say("confirm_end.yes" if percent is None else "leaving.no_copy")

    def go_on(self) -> None:
        """Back to where one was; or to see the copy end."""
        self.host.turn_to(None if self._copying is None else Side.KEY)


load_rules(__file__)
SCREEN = ConfirmEnd
