"""The open pages: one can be looked at, or closed."""

from __future__ import annotations

from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk import plain
from kiosk.screens.sheet import FullSheet, Host, load_rules
from kiosk.widgets import look
from session.pages import DeskSnapshot, PageState

PAGES_A_PART = 4


class PageRow(BoxLayout):
    """A page's row. `where` is its site, or what is wrong with it."""

    title = StringProperty("")
    where = StringProperty("")
    close_text = StringProperty("")
    close_words = StringProperty("")
    style = StringProperty("plain")

    def __init__(self, host: Host, page: str, **values: str) -> None:
        self.host, self.page = host, page
        super().__init__(**values)


class Pages(FullSheet):
    offers_display = True

    def __init__(self, host: Host) -> None:
        self._part = 0
        self._filled: tuple[object, ...] = ()
        super().__init__(host)

    def refresh(self) -> None:
        super().refresh()
        desk = self.host.desk
        if desk is not None and (desk.pages, desk.active, self._part) != self._filled:
            self._fill(desk)
            self._filled = (desk.pages, desk.active, self._part)

    def turn(self) -> None:
        self._part += 1
        self.refresh()

    def _fill(self, desk: DeskSnapshot) -> None:
        part = plain.part(desk.pages, look.fewer(PAGES_A_PART), self._part)
        self.ids.rows.clear_widgets()
        for page in desk.pages[part.first : part.last]:
            trouble = "" if page.state is PageState.OPEN else self.say(f"trouble_page.{page.state}")
            title = plain.clean(page.title) or self.say("pages.untitled")
            row = PageRow(
                self.host,
                page.id,
                title=title,
                where=trouble or plain.clean(page.site) or self.say("bar.our_page"),
                close_text=self.say("pages.close"),
                close_words=self.say("pages.close_one", title=title),
                style="chosen" if page.id == desk.active else "plain",
            )
            self.ids.rows.add_widget(row)
        self.ids.more.text = self.say("common.more", number=part.number, count=part.parts)
        self.ids.more.opacity = 1 if part.parts > 1 else 0
        self.ids.more.disabled = part.parts <= 1


load_rules(__file__)
SCREEN = Pages
