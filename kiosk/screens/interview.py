"""An appointment by video: before it, who sees and hears the visitor; while it is on, the way to stop it."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules
from session.pages import Capture


class Interview(FullSheet):
    @property
    def _possible(self) -> bool:
        return self.host.desk is not None and self.host.desk.capture is not Capture.OFF

    def refresh(self) -> None:
        super().refresh()
        capture = self.host.desk.capture if self.host.desk is not None else Capture.OFF
        site = self.host.title(self.host.local.interview or "")
        said, ids = self.say, self.ids
        if capture is Capture.OFF:
            ids.title.text = said("interview.before")
            ids.who.text = said("interview.who", site=site) if site else said("interview.over")
            ids.go.text, ids.go.style = said("interview.go"), "main"
        else:
            on = capture is Capture.ON
            ids.title.text = said("interview.on") if on else said("interview.possible")
            ids.who.text = said("interview.stopping")
            ids.go.text, ids.go.style = said("interview.stop"), "grave"
        before = capture is Capture.OFF and bool(site)
        for one in (ids.sign, ids.kept):
            one.opacity = 1 if before else 0
        ids.sign.text = said("interview.sign") if before else ""
        ids.kept.text = said("interview.kept") if before else ""
        ids.go.opacity, ids.go.disabled = (1, False) if before or self._possible else (0, True)

    def go(self) -> None:
        """The big button: whichever of the two it says."""
        if self._possible:
            self.host.stop_capture()
        else:
            self.host.go_to_interview()


load_rules(__file__)
SCREEN = Interview
