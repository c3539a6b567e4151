"""The visit is about to end by itself: why, in how long, and how to go on."""

from __future__ import annotations

import time

from kiosk import plain
from kiosk.screens.sheet import FullSheet, Host, load_rules
from session.model import EndWarning, WarningKind


class EndsSoon(FullSheet):
    def __init__(self, host: Host) -> None:
        self._shown: EndWarning | None = None
        super().__init__(host)

    def refresh(self) -> None:
        super().refresh()
        warning = self.host.snapshot.warning if self.host.snapshot is not None else None
        if warning is None:
            return
        left = plain.seconds_left(warning.ends_at, time.monotonic())
        self.ids.countdown.text = self.say.count("warning.countdown", left)
        if warning != self._shown:
            self._explain(warning)
            self._shown = warning

    def _explain(self, warning: EndWarning) -> None:
        idle = warning.kind is WarningKind.IDLE
        self.ids.title.text = self.say("warning.idle_title" if idle else "warning.over_title")
        self.ids.why.text = self.say("warning.idle_text" if idle else "warning.over_text")
        more = self.ids.more
        more.text = self.say("warning.stay" if idle else "warning.more_time")
        if not warning.can_extend:
            self.ids.why.text = self.say("warning.no_more")
        self.ids.place.clear_widgets()
        if warning.can_extend:
            self.ids.place.add_widget(more)


load_rules(__file__)
SCREEN = EndsSoon
