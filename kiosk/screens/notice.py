"""What the station records, erases and allows, said once before use."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Notice(FullSheet):
    offers_display = True

    def time_text(self) -> str:
        settings = self.host.settings
        session, idle = (
            self.say.count("notice.minutes", number) for number in (settings.session_minutes, settings.idle_minutes)
        )
        return self.say("notice.time", session=session, idle=idle)


load_rules(__file__)
SCREEN = Notice
