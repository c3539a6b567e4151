"""The bar over a site: where one is, how long there is, and what can be done. It never leaves the screen."""

from __future__ import annotations

import time

from kiosk import plain, theme, view
from kiosk.screens.sheet import Sheet, basics, load_rules
from session.pages import Page, PageState


class Bar(Sheet):
    def refresh(self) -> None:
        desk, page = self.host.desk, view.active_page(self.host.desk)
        if desk is None:
            return
        if page is not None:
            self._tell_where(page)
        else:
            self._tell_opening()
        self.ids.tools.disabled = page is None
        self.ids.keyboard.style = "key_on" if self.host.keyboard.up else "bar"
        self.ids.time.text = self._time()
        self.ids.said.text = self.host.said
        self.ids.where.opacity = 0 if self.host.said else 1
        self._offer(self.ids.pages, "bar.pages", len(desk.pages), least=2)
        # What is said for some seconds needs the room.
        documents = 0 if self.host.said else len(desk.documents) + desk.downloading
        self._offer(self.ids.documents, "bar.documents", documents, least=1)

    def _tell_where(self, page: Page) -> None:
        """The site and its lock, or in its place what is wrong with the page."""
        ours = not page.site
        broken = page.state is not PageState.OPEN
        well = not broken and (page.secure or ours)
        site = plain.clean(page.site) or self.say("bar.our_page")
        self.ids.site.text = self.say(f"trouble_page.{page.state}") if broken else site
        self.ids.lock.name = "alert" if broken else "" if ours else "lock" if page.secure else "unlock"
        self.ids.site.color = self.ids.lock.color = theme.WHITE if well else theme.AMBER

    def _tell_opening(self) -> None:
        self.ids.site.text = self.host.title(self.host.local.opening or "")
        self.ids.lock.name = ""
        self.ids.site.color = theme.WHITE

    def _time(self) -> str:
        snapshot = self.host.snapshot
        if snapshot is None or snapshot.ends_at is None:
            return ""
        minutes = plain.minutes_left(snapshot.ends_at, time.monotonic())
        return self.say("bar.left", minutes=minutes) if minutes else self.say("bar.left_short")

    def _offer(self, button: basics.BarButton, key: str, number: int, least: int) -> None:
        """Shows a button only when there is something behind it, with how much."""
        offered = number >= least
        button.text = self.say(key) if offered else ""
        button.badge = str(number) if offered else ""
        button.width = button.full_width if offered else 0
        button.opacity = 1 if offered else 0
        button.disabled = not offered


load_rules(__file__)
SCREEN = Bar
