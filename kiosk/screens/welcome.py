"""The clean station: one button to start, the language, and what was erased before."""

from __future__ import annotations

import time

from kiosk import words
from kiosk.screens.sheet import FullSheet, Host, basics, load_rules
from kiosk.widgets.look import h, u
from session.model import EndReason

_ERASED = {
    EndReason.NO_MEMORY: "welcome.memory",
    EndReason.DISPLAY_LOST: "welcome.failure",
    EndReason.COMPONENT_FAILED: "welcome.failure",
    EndReason.INTERNAL: "welcome.failure",
    EndReason.LEFTOVERS: "welcome.cleaned",
    EndReason.STOPPING: "welcome.cleaned",
}
"""What is said instead of "the last visit was erased": an honest word where a visit did not end as a visit does, and
no word of a visit where there may have been none (a start, a part that failed while nobody was there)."""


class Welcome(FullSheet):
    offers_display = True
    tells = "banner.network_welcome"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        for language in words.LANGUAGES:
            chosen = language == host.local.language
            button = basics.Action(
                text=words.NAMES[language],
                style="chosen" if chosen else "plain",
                tongue=language,
                size_hint_x=None,
                width=u(216),
                font_size=h(28),
                on_release=lambda _button, code=language: self.host.speak(code),
            )
            self.ids.languages.add_widget(button)

    def make_room(self) -> None:
        """The banner is in the place of the words below the title."""
        if self._banner is not None:
            self.remove_widget(self.ids.lead.__self__)
        else:
            self.add_widget(self.ids.lead.__self__, index=self.children.index(self.ids.title.__self__))

    def refresh(self) -> None:
        super().refresh()
        wipe = self.host.snapshot.last_wipe if self.host.snapshot is not None else None
        if wipe is None:
            self.ids.erased.text = self.say("welcome.first")
        elif wipe.verified:
            when = self.say.clock(wipe.ended_at, time.time())
            duration = self.say.seconds(wipe.milliseconds)
            self.ids.erased.text = self.say(_ERASED.get(wipe.reason, "welcome.erased"), when=when, duration=duration)
        else:
            # Such a station is out of service; were it not, this screen would still claim nothing.
            self.ids.erased.text = ""
        self.ids.tick.opacity = 1 if self.ids.erased.text else 0


load_rules(__file__)
SCREEN = Welcome
