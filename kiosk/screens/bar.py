"""The bar over a site: where one is, how long there is, and what can be done. It never leaves the screen."""

from __future__ import annotations

from time import monotonic

from kivy.properties import NumericProperty

from kiosk import banner, plain, view
from kiosk.papers import offered
from kiosk.screens.sheet import Host, Sheet, basics, load_rules, offer
from kiosk.widgets import look
from session.model import AgentState
from session.pages import Capture, Page, PageState

_TROUBLES = {"network": "bar.network", "memory": "bar.memory"}


class Bar(Sheet):
    rows = NumericProperty(1)
    between = NumericProperty(0)

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.rows, self.between = host.bar.rows, host.bar.between
        if self.rows == 2:
            self.remove_widget(self.ids.finish)
            self.ids.first.add_widget(self.ids.finish)

    def refresh(self) -> None:
        voice = self.host.voice
        self.ids.listen.text = self.say("speech.stop" if voice.reading else "speech.listen")
        desk, page = self.host.desk, view.active_page(self.host.desk)
        # Who talks with somebody has no use for a voice that reads into it, and the bar none for one more button.
        offer(self.ids.listen, voice.offered and (desk is None or desk.capture is Capture.OFF))
        if desk is None:
            return
        if page is not None:
            self._tell_where(page)
        else:
            self._tell_opening()
        self.ids.tools.disabled = page is None
        self.ids.keyboard.style = "key_on" if self.host.keyboard.up else "bar"
        self._tell_time()
        self.ids.said.text = self.host.said
        self.ids.where.opacity = 0 if self.host.said else 1
        self._tell_agent()
        sign = banner.capture(desk)
        offer(self.ids.camera, sign is not None)
        self.ids.camera.text = self.say("bar.camera" if desk.capture is Capture.ON else "bar.microphone")
        self.ids.camera.words = self.say(sign) if sign is not None else ""
        self._offer(self.ids.pages, "bar.pages", len(desk.pages), least=2)
        papers = self.host.rooms.papers
        # What is said for some seconds needs the room.
        number = len(papers.documents or ()) if not self.host.said else 0
        least = 0 if offered(papers) and not self.host.said else 1
        self._offer(self.ids.documents, "bar.documents", number, least=least)

    def _tell_where(self, page: Page) -> None:
        """The site and its lock, or in its place what is wrong with the page."""
        ours = not page.site
        broken = page.state is not PageState.OPEN
        well = not broken and (page.secure or ours)
        site = plain.clean(page.site) or self.say("bar.our_page")
        self.ids.site.text = self.say(f"trouble_page.{page.state}") if broken else site
        self.ids.lock.name = "alert" if broken else "" if ours else "lock" if page.secure else "unlock"
        self.ids.lock.words = "" if ours or broken else self.say("bar.safe" if page.secure else "bar.unsafe")
        self.ids.site.color = self.ids.lock.color = look.now.on_night if well else look.now.warn

    def _tell_opening(self) -> None:
        self.ids.site.text = self.host.title(self.host.local.opening or "")
        self.ids.lock.name = self.ids.lock.words = ""
        self.ids.site.color = look.now.on_night

    def _tell_agent(self) -> None:
        """The button that leads to the help is also the sign that somebody is called, or has stepped back."""
        agent = self.host.snapshot.agent if self.host.snapshot is not None else AgentState()
        key = "bar.private" if agent.private else "bar.called" if agent.called_at is not None else "bar.help"
        self.ids.help.text = self.say(key)
        self.ids.help.icon = "lock" if agent.private else "help"
        self.ids.help.style = "bar" if key == "bar.help" else "finish"

    def _tell_time(self) -> None:
        """How long there is; in its place what is wrong with the network or the memory, for as long as it is."""
        trouble, page = banner.trouble(self.host.snapshot), view.active_page(self.host.desk)
        if trouble == "network" and page is not None and page.state is PageState.OFFLINE:
            trouble = None  # it stands above already
        time = self.ids.time
        time.text, time.words = (self.say(_TROUBLES[trouble]), "") if trouble else self._time()
        time.color = look.now.warn if trouble else look.now.on_night
        time.bold = trouble is not None

    def _time(self) -> tuple[str, str]:
        """As it is written, and as it is read aloud."""
        snapshot = self.host.snapshot
        if snapshot is None or snapshot.ends_at is None:
            return "", ""
        minutes = plain.minutes_left(snapshot.ends_at, monotonic())
        if not minutes:
            return self.say("bar.left_short"), ""
        return self.say.count("bar.left", minutes), self.say.count("bar.left_aloud", minutes)

    def _offer(self, button: basics.BarButton, key: str, number: int, least: int) -> None:
        """Shows a button only when there is something behind it, with how much."""
        shown = number >= least
        button.text = self.say(key) if shown else ""
        button.badge = str(number) if shown else ""
        button.words = self.say("bar.counted", what=button.text, number=number) if shown else ""
        offer(button, shown)


load_rules(__file__)
SCREEN = Bar
