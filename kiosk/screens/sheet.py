"""What all screens have in common, and what they see of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kivy.lang import Builder
from kivy.uix.boxlayout import BoxLayout

from kiosk import view
from kiosk.keyboard.control import Control
from kiosk.widgets import basics
from kiosk.words import Words
from session.model import Snapshot
from session.pages import DeskSnapshot, Settings


class Host(Protocol):
    """What a screen may read and ask for; `kiosk.presenter.Presenter` is the one of the real UI."""

    settings: Settings
    snapshot: Snapshot | None
    desk: DeskSnapshot | None
    local: view.Local
    words: Words
    said: str
    keyboard: Control

    @property
    def demonstration(self) -> bool: ...
    def start(self) -> None: ...
    def end(self) -> None: ...
    def more_time(self) -> None: ...
    def open_site(self, site: str) -> None: ...
    def title(self, site: str) -> str: ...
    def home(self) -> None: ...
    def show_page(self, page: str) -> None: ...
    def close_page(self, page: str) -> None: ...
    def reload_page(self) -> None: ...
    def press(self, action: str) -> None: ...
    def toggle_keyboard(self) -> None: ...
    def turn_to(self, side: view.Side | None) -> None: ...
    def read_notice(self) -> None: ...
    def speak(self, language: str) -> None: ...


class Sheet(BoxLayout):
    """One screen. Built for one size and one language; `refresh` shows what changed since."""

    def __init__(self, host: Host) -> None:
        # Before Kivy applies the rules of the .kv file, which read it.
        self.host = host
        self.say = host.words
        super().__init__()

    def refresh(self) -> None:
        """Shows the host's present state: called after building, at each change, and twice a second."""

    def turn_to(self, side: str) -> None:
        """For the .kv files: opens a side by its name, or closes it with an empty one."""
        self.host.turn_to(view.Side(side) if side else None)


class FullSheet(Sheet):
    """A screen that fills the display: ours alone, with the station's name at the top."""

    def refresh(self) -> None:
        self.ids.mark.opacity = 1 if self.host.demonstration else 0


def load_rules(module_file: str) -> None:
    """Loads the .kv file beside a screen's module."""
    Builder.load_file(str(Path(module_file).with_suffix(".kv")))


__all__ = ["FullSheet", "Host", "Sheet", "basics", "load_rules"]
load_rules(__file__)
