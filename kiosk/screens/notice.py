"""What the station records, erases and allows, said once before use."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Notice(FullSheet):
    def time_text(self) -> str:
        settings = self.host.settings
        return self.say("notice.time", session=settings.session_minutes, idle=settings.idle_minutes)


load_rules(__file__)
SCREEN = Notice
