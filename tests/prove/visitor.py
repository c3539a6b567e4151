"""What the planter's hands and eyes do on a station's screen, waiting for effects and never for time."""

from __future__ import annotations

import time
from collections.abc import Callable

from PIL import Image, ImageChops
from Xlib import X, Xatom
from Xlib.xobject.drawable import Window

from tests.kiosk.positions import BAR_HEIGHT, centre
from tests.station.screen import Screen

KIOSK = ("marchepied-ui", "marchepied-ui")
"""WM_CLASS of the kiosk's window."""
PATIENCE = 20.0
AGAIN = 2.0
"""Seconds until the next tap: longer than a new screen takes no taps, with time to spare for its effect."""
CHANGED = 0.02
"""Part of the pixels that differ between one screen and another; a pressed button is less."""


class Lost(Exception):
    """The screen is not where the visit thought. The text has no mark."""


class Visitor:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._display = screen.display
        self._net_wm_name = self._display.intern_atom("_NET_WM_NAME")

    # -- the kiosk -------------------------------------------------------------------------------------------

    def press(self, name: str, effect: Callable[[], bool] | None = None) -> None:
        """Taps a button of the kiosk until the screen is another one, or until `effect` holds."""
        before = self.screen.settle(3)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.screen.tap(*centre(name, self.screen.width, self.screen.height))
            again = time.monotonic() + AGAIN
            while time.monotonic() < again:
                if effect() if effect else _differ(before, self.screen.settle(1)):
                    return
                time.sleep(0.05)
        raise Lost(f"the button {name} did nothing")

    def tap_until(self, place: tuple[int, int], holds: Callable[[], bool]) -> None:
        """Taps a point of the kiosk until it had its effect."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.screen.tap(*place)
            again = time.monotonic() + AGAIN
            while time.monotonic() < again:
                if holds():
                    return
                time.sleep(0.05)
        raise Lost(f"the tap at {place} did nothing")

    def site_in_front(self) -> bool:
        """The kiosk is a bar: its window is as high as the bar."""
        for window in self._tops():
            try:
                if window.get_wm_class() == KIOSK and window.get_geometry().height <= 2 * BAR_HEIGHT:
                    return True
            except Exception:  # noqa: S112 - the window went away meanwhile: python-xlib has an error class per case
                continue
        return False

    def open_site(self) -> None:
        """From the list of sites to the portal's home page, in a page of its own."""
        self.press("site_0", lambda: self.site_in_front() and self.title_is("Accueil"))
        self.screen.settle(2)

    # -- the browser -----------------------------------------------------------------------------------------

    def titles(self) -> list[str]:
        """Titles of the browser's windows on the screen."""
        titles = []
        for window in self._tops():
            try:
                name = window.get_wm_class()
                browser = name is not None and name[0].startswith("chromium-browser")
                if browser and window.get_attributes().map_state == X.IsViewable:
                    titles.append(self._title(window))
            except Exception:  # noqa: S112 - as above
                continue
        return titles

    def title_is(self, beginning: str) -> bool:
        return any(title.startswith(beginning) for title in self.titles())

    def wait_title(self, beginning: str, what: str, seconds: float = PATIENCE) -> None:
        """Until a page of that title is shown and drawn. `what` names it in errors, where a title may hold a mark."""
        self.wait(lambda: self.title_is(beginning), what, seconds)
        self.screen.settle(2)

    def wait(self, holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Lost(f"{what} did not come within {seconds:.0f} s")
            time.sleep(0.05)

    def keys(self, *names: str) -> None:
        for name in names:
            self.screen.key(name)

    def go_home(self) -> None:
        """The link "Accueil" of the portal's head."""
        self.screen.tap_page(0.828 * self.screen.width, BAR_HEIGHT + 31)
        self.wait_title("Accueil", "the portal's home page")

    def follow(self, number: int, title: str) -> None:
        """The link of that number on the portal's home page."""
        self.keys(*["Tab"] * number, "Return")
        self.wait_title(title, f"the page {title!r}")

    def selection(self, name: str, seconds: float = PATIENCE) -> str:
        """The text of an X selection (PRIMARY, CLIPBOARD), by way of the server; empty when nobody has it."""
        display = self._display
        window = self.screen.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        wanted, taken = display.intern_atom("UTF8_STRING"), display.intern_atom("MARCHEPIED_PROOF")
        try:
            window.convert_selection(display.intern_atom(name), wanted, taken, X.CurrentTime)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                display.sync()
                while display.pending_events():
                    event = display.next_event()
                    if event.type == X.SelectionNotify:
                        content = window.get_full_property(taken, X.AnyPropertyType) if event.property else None
                        return bytes(content.value).decode("utf-8", "replace") if content else ""
                time.sleep(0.02)
            return ""
        finally:
            window.destroy()
            display.sync()

    # -- windows ---------------------------------------------------------------------------------------------

    def _tops(self) -> list[Window]:
        return list(self.screen.root.query_tree().children)

    def _title(self, window: Window) -> str:
        whole = window.get_full_property(self._net_wm_name, X.AnyPropertyType)
        if whole is None:
            whole = window.get_full_property(Xatom.WM_NAME, X.AnyPropertyType)
        return bytes(whole.value).decode("utf-8", "replace") if whole is not None else ""


def _differ(one: Image.Image, other: Image.Image) -> bool:
    changed = ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 24 else 0)
    return changed.histogram()[255] > CHANGED * one.width * one.height
