"""Nobody may use the station: why, in plain words, and whom to ask."""

from __future__ import annotations

from kiosk import plain
from kiosk.screens.sheet import FullSheet, load_rules
from session.model import Trouble

NOTE_LENGTH = 300
"""Characters of the operator's note."""


class OutOfService(FullSheet):
    def refresh(self) -> None:
        super().refresh()
        snapshot = self.host.snapshot
        trouble = snapshot.trouble if snapshot is not None else None
        note = plain.clean(snapshot.note, NOTE_LENGTH) if snapshot is not None else ""
        why = snapshot.why if snapshot is not None else None
        key = f"out_of_service.why_{why}" if why is not None else f"out_of_service.{trouble or Trouble.INTERNAL}"
        self.ids.why.text = self.say(key)
        self.ids.note.text = self.say("out_of_service.note", note=note) if note else ""


load_rules(__file__)
SCREEN = OutOfService
