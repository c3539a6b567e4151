"""What all screens have in common, and what they see of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kivy.lang import Builder
from kivy.uix.boxlayout import BoxLayout

from kiosk import banner, theme, view
from kiosk.agent import Agent
from kiosk.glossary import Term
from kiosk.keyboard.control import Control
from kiosk.papers import Calls, Rooms
from kiosk.speech.voice import LEVELS, Voice
from kiosk.widgets import basics, hold
from kiosk.words import Words
from session.model import Snapshot
from session.pages import DeskSnapshot, Settings


class Host(Protocol):
    """What a screen may read and ask for; `kiosk.presenter.Presenter` is the one of the real UI."""

    settings: Settings
    snapshot: Snapshot | None
    desk: DeskSnapshot | None
    local: view.Local
    said: str
    agent: Agent
    keyboard: Control
    voice: Voice
    rooms: Rooms
    papers: Calls | None

    @property
    def words(self) -> Words: ...
    @property
    def demonstration(self) -> bool: ...
    @property
    def occupied(self) -> bool: ...
    @property
    def bar(self) -> theme.BarPlan: ...
    def start(self) -> None: ...
    def end(self) -> None: ...
    def more_time(self) -> None: ...
    def open_site(self, site: str) -> None: ...
    def go_to_interview(self) -> None: ...
    def stop_capture(self) -> None: ...
    def allow(self, what: str) -> None: ...
    def title(self, site: str) -> str: ...
    def home(self) -> None: ...
    def show_page(self, page: str) -> None: ...
    def close_page(self, page: str) -> None: ...
    def reload_page(self) -> None: ...
    def bear_page(self) -> None: ...
    def press(self, action: str) -> None: ...
    def turn_to(self, side: view.Side | None, chosen: str = "") -> None: ...
    def pick(self, *documents: str) -> None: ...
    def explain(self, term: Term | None) -> None: ...
    def read_notice(self) -> None: ...
    def read_private(self) -> None: ...
    def turn_panel(self, panel: view.Panel) -> None: ...
    def speak(self, language: str) -> None: ...
    def look_like(
        self, *, text_size: theme.TextSize | None = None, colours: theme.Colours | None = None
    ) -> None: ...
    def listen(self) -> None: ...
    def louder(self, by: int) -> None: ...


class Sheet(BoxLayout):
    """One screen. Built for one size and one language; `refresh` shows what changed since."""

    moment: object = None
    """Where a screen goes through several: another one is a new screen to the ear, the keyboard and a hasty finger."""

    def __init__(self, host: Host) -> None:
        # Before Kivy applies the rules of the .kv file, which read it.
        self.host = host
        self.say = host.words
        super().__init__()

    def refresh(self) -> None:
        """Shows the host's present state: called after building, at each change, and every few seconds."""

    def turn_to(self, side: str) -> None:
        """For the .kv files: opens a side by its name, or closes it with an empty one."""
        self.host.turn_to(view.Side(side) if side else None)


class FullSheet(Sheet):
    """A screen that fills the display: ours alone, with the station's name at the top."""

    offers_display = False
    """Whether one can go from here to the choice of sizes and colours, and come back."""

    tells = ""
    """The key of what is said on this screen of a cut network; empty where nothing is told of what lasts."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._banner: basics.Banner | basics.Sign | None = None
        self._head = list(reversed(self.ids.head.children))

    def refresh(self) -> None:
        voice, ids = self.host.voice, self.ids
        ids.listen.text = self.say("speech.stop" if voice.reading else "speech.listen")
        offer(ids.listen, voice.offered)
        offer(ids.softer, voice.reading, usable=voice.level > 0)
        offer(ids.louder, voice.reading, usable=voice.level < len(LEVELS) - 1)
        self._fill_head()
        self._tell()

    @property
    def _capture(self) -> str | None:
        """The key of what is said of a camera or a microphone that may be on."""
        return banner.capture(self.host.desk) if self.host.occupied else None

    def _tell(self) -> None:
        """Says below the head what is wrong, for as long as it is; first that a camera is on, and leads to it."""
        trouble = banner.trouble(self.host.snapshot) if self.tells else None
        capture = self._capture if self.tells else None
        text = self.say(self.tells if trouble == "network" else "banner.memory") if trouble else ""
        if capture is not None:
            text = self.say(capture)
        if text == (self._banner.text if self._banner is not None else ""):
            return
        if self._banner is not None:
            self.remove_widget(self._banner)
        if capture is not None:
            self._banner = basics.Sign(text=text, on_release=lambda _button: self.turn_to("interview"))
        else:
            self._banner = basics.Banner(text=text) if text else None
        if self._banner is not None:
            self.add_widget(self._banner, index=len(self.children) - 1)
        self.make_room()

    def make_room(self) -> None:
        """The banner has come or gone: for screens that have no room to spare."""

    def _fill_head(self) -> None:
        """While the voice speaks, its volume has the place of the way to sizes and colours."""
        ids, speaking = self.ids, self.host.voice.reading
        capture = None if self.tells else self._capture
        if capture is not None:
            ids.camera.text = self.say("bar.camera" if capture == "interview.on" else "bar.microphone")
            ids.camera.words = self.say(capture)
        wanted = {
            ids.mark: self.host.demonstration,
            ids.camera: capture is not None,
            ids.display: self.offers_display and not speaking,
            ids.softer: speaking,
            ids.louder: speaking,
        }
        left_out = [one.__self__ for one, there in wanted.items() if not there]
        now = [one for one in self._head if one not in left_out]
        if list(reversed(self.ids.head.children)) != now:
            self.ids.head.clear_widgets()
            for one in now:
                self.ids.head.add_widget(one)


def offer(button: basics.Styled, offered: bool, *, usable: bool = True) -> None:
    """Shows a button of a row, which has a `full_width`, or takes it and its place away."""
    button.width = button.full_width if offered else 0
    button.opacity = 1 if offered else 0
    button.disabled = not (offered and usable)


def load_rules(module_file: str) -> None:
    """Loads the .kv file beside a screen's module."""
    Builder.load_file(str(Path(module_file).with_suffix(".kv")))


__all__ = ["FullSheet", "Host", "Sheet", "basics", "hold", "load_rules", "offer"]
load_rules(__file__)
