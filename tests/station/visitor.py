"""A person at a station: taps buttons by name, types, and looks whether it helped."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from Xlib import X, error

from session.model import Snapshot, State
from tests.kiosk import positions
from tests.station.harness import RunningStation
from tests.station.screen import Screen, is_chromium

AGAIN_SECONDS = 1.0
"""A screen that has just appeared takes no taps for a moment; a person taps again, and so do we."""
PORTAL = " - Portail des Trois-Rivières"


class Visitor:
    """Lives as long as one environment's screen."""

    def __init__(self, station: RunningStation, screen: Screen) -> None:
        self._station = station
        self.screen = screen
        self.mirrored = False
        """Whether the screens are in a language that is written from right to left."""

    def tap(self, name: str) -> None:
        """`name` is one of tests.kiosk.positions.names()."""
        x, y = positions.centre(name, self.screen.width, self.screen.height)
        self.screen.tap(self.screen.width - x if self.mirrored else x, y)

    def tap_until(self, name: str, holds: Callable[[], bool], seconds: float = 15.0) -> None:
        """Taps again and again, as people do, until it had its effect. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tap(name)
            again = time.monotonic() + AGAIN_SECONDS
            while time.monotonic() < again:
                if holds():
                    return
                time.sleep(0.02)
        raise TimeoutError(f"tapping {name} had no effect within {seconds} s; titles {self.titles()}")

    def titles(self) -> list[str]:
        """Titles of the browser's mapped windows: what the X server knows, no inside of a page."""
        found = []
        for window in self._windows():
            # A long title is read in pieces, and may be another one by the second piece.
            with contextlib.suppress(error.BadWindow, error.BadValue, UnicodeDecodeError):
                name = window.get_full_text_property(self.screen.display.intern_atom("_NET_WM_NAME"))
                if name:
                    found.append(str(name))
        return found

    def _windows(self) -> list:  # type: ignore[type-arg]
        found = []
        for window in self.screen.root.query_tree().children:
            with contextlib.suppress(error.BadWindow):
                if window.get_attributes().map_state == X.IsViewable and is_chromium(window):
                    found.append(window)
        return found

    def wait_page(self, part: str) -> None:
        """Waits for the page's title and until the page is drawn: before that Chromium drops what is typed."""
        self.wait_title(part)
        self.screen.settle(3)

    def wait_title(self, part: str, seconds: float = 15.0) -> None:
        """Waits for a browser window with `part` in its title. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not any(part in title for title in self.titles()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no page titled {part!r} within {seconds} s; there are {self.titles()}")
            time.sleep(0.02)

    def wait_state(self, *states: State, seconds: float = 15.0) -> Snapshot:
        return self._station.wait(lambda snapshot: snapshot.state in states, seconds, f"state {states}")

    def state(self) -> State | None:
        snapshot = self._station.status()
        return snapshot.state if snapshot is not None else None

    # -- steps of a visit ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """ "Commencer"."""
        self.tap_until("start", lambda: self.state() is State.ACTIVE)

    def open_first_site(self) -> None:
        """Reads the notice, then opens the first site: the portal's home page.

        The notice tells nobody that it was read, so both buttons are tapped in turn.
        """
        home = "Accueil" + PORTAL
        deadline = time.monotonic() + 20
        while not any(home in title for title in self.titles()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the site did not open; titles {self.titles()}")
            self.tap("understood")
            with contextlib.suppress(TimeoutError):
                self.tap_until("site_0", lambda: any(home in title for title in self.titles()), 2 * AGAIN_SECONDS)
        self._wait_bar()
        self.screen.settle(3)

    def notice_gone(self) -> bool:
        picture = self.screen.picture()
        x, y = positions.centre("understood", self.screen.width, self.screen.height)
        red, green, blue = picture.getpixel((x, y + 35))[:3]  # type: ignore[index]
        return not (red < 60 and 50 < green < 110 and blue < 110)

    def _wait_bar(self) -> None:
        """The bar is dark; the full screens are light."""
        self.screen.wait(lambda one: sum(one.getpixel((4, 4))[:3]) < 200, what="the bar")  # type: ignore[index]

    def log_in(self, name: str, password: str) -> None:
        """From the portal's home page, by keyboard: the first link is focused."""
        self.screen.key("Return")
        self.wait_page("Connexion" + PORTAL)
        self.screen.type(name)
        self.screen.key("Tab")
        self.screen.type(password)
        self.screen.key("Return")
        self.wait_page("Mon espace" + PORTAL)

    def fill_form(self) -> None:
        """From "Mon espace": its first link leads to the form."""
        self.screen.key("Return")
        self.wait_page("Demande" + PORTAL)
        screen = self.screen
        screen.type("Martin")
        screen.key("Tab")
        screen.type("Jeanne")
        screen.key("Tab")
        screen.type("05051950")
        screen.key("Tab")
        screen.key("Tab")
        screen.key("space")
        for text in ("3 rue du Pont", "55000", "Bar-le-Duc", "jeanne@exemple.fr", "2", "Aid", "Bonjour."):
            screen.key("Tab")
            screen.type(text)
        screen.key("Tab")
        screen.key("space")

    def send_form(self) -> None:
        self.screen.key("Tab")
        self.screen.key("Return")
        self.wait_title("Demande envoyée" + PORTAL)

    def finish(self) -> None:
        """ "J'ai fini", then "Oui"."""
        self.tap_until("bar_finished", lambda: sum(self.screen.picture().getpixel((4, 4))[:3]) > 600)  # type: ignore[index]
        self.tap_until("yes", lambda: self.state() not in (State.ACTIVE, State.WARNING))
