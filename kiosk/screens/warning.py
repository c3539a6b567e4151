"""The visit is about to end by itself: why, in how long, and how to go on."""

from __future__ import annotations

import time

from kiosk import leaving, plain
from kiosk.screens.sheet import FullSheet, Host, load_rules
from session.model import EndWarning, WarningKind


class EndsSoon(FullSheet):
    def __init__(self, host: Host) -> None:
        self._shown: tuple[EndWarning, str] | None = None
        super().__init__(host)
        self._more = self.ids.more.__self__  # it may leave the screen, and come back

    def refresh(self) -> None:
        super().refresh()
        warning = self.host.snapshot.warning if self.host.snapshot is not None else None
        if warning is None:
            return
        left = plain.seconds_left(warning.ends_at, time.monotonic())
        self.ids.countdown.text = self.say.count("warning.countdown", left)
        lost = leaving.briefly(self.say, self.host.rooms.papers)
        if (warning, lost) != self._shown:
            self._explain(warning, lost)
            self._shown = warning, lost

    def _explain(self, warning: EndWarning, lost: str) -> None:
        idle = warning.kind is WarningKind.IDLE
        self.ids.title.text = self.say("warning.idle_title" if idle else "warning.over_title")
        # What would be lost says that it will be erased; that the visit ends is said by the seconds that are left.
        self.ids.why.text = "" if lost else self.say("warning.idle_text" if idle else "warning.over_text")
        self.ids.lost.text = lost
        more = self._more
        more.text = self.say("warning.stay" if idle else "warning.more_time")
        if not warning.can_extend:
            self.ids.why.text = self.say("warning.no_more")
        self.ids.place.clear_widgets()
        self.ids.place.height = more.height if warning.can_extend else 0
        if warning.can_extend:
            self.ids.place.add_widget(more)


load_rules(__file__)
SCREEN = EndsSoon
