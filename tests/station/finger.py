"""A finger on the on-screen keyboard: taps its keys, by what is written on them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
from Xlib import X
from Xlib.ext import xtest

from kiosk import theme
from kiosk.keyboard.keys import Keyboard, hold, opened, tap
from kiosk.keyboard.layouts import Do, Key
from session.pages import FieldKind
from tests.kiosk.keyboard.places import centre
from tests.station.harness import wait_until
from tests.station.visitor import Visitor

_WAYS: tuple[tuple[Do, ...], ...] = ((), (Do.SHIFT,), (Do.SIGNS,), (Do.SIGNS, Do.SHIFT))
"""From the letters to a key; back from the signs by `Do.SIGNS`."""


class Finger:
    """Knows what the keyboard shows from what it tapped, as a person would by looking."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor, self._screen = visitor, visitor.screen
        self.board = Keyboard()

    @property
    def up(self) -> bool:
        """Whether the bottom of the screen is the UI's, as the X server has it."""
        window = self._screen.at(self._screen.width // 2, self._screen.height - 10)
        kind = window.get_wm_class() if window else None
        return kind is not None and kind[0] == "marchepied-ui"

    def wait(self, *, up: bool = True) -> None:
        wait_until(lambda: self.up is up, 10, f"the keyboard {'up' if up else 'down'}")

    def begin(self) -> None:
        """Waits until it takes taps: one that has just come does not. Its Shift says so, by its colour."""
        self.wait()
        self.board = opened("fr", FieldKind.TEXT, self.board)
        place = self._place(Do.SHIFT)
        for _ in range(10):
            self._screen.tap(*place)
            with contextlib.suppress(TimeoutError):
                self._screen.wait(lambda _picture: self._marked(place), 1.0, "Shift")
                break
        for _ in range(2):
            self._screen.tap(*place)
        self._screen.wait(lambda _picture: not self._marked(place), 2.0, "no Shift")

    def _marked(self, place: tuple[int, int]) -> bool:
        x, y = place
        pixel = self._screen.picture(x - 20, y - 20, 1, 1).getpixel((0, 0))
        wanted = [round(255 * part) for part in theme.PALETTES[theme.Colours.CALM].finish[:3]]
        return all(abs(got - want) < 12 for got, want in zip(pixel, wanted, strict=True))  # type: ignore[arg-type]

    def _place(self, what: str | Do) -> tuple[int, int]:
        place = centre(self.board, what, self._screen.width, self._screen.height)
        assert place is not None, f"{what!r} is not on the keyboard"
        return place

    def tap(self, what: str | Do) -> None:
        self._screen.tap(*self._place(what))
        key = Key(do=what) if isinstance(what, Do) else Key(what)
        self.board, _ = tap(self.board, key)

    def type(self, text: str) -> None:
        """Each character by its key, wherever that is; waits until the page shows them, as a person would."""
        for character in text:
            for way in _WAYS:
                board = self.board
                for do in way:
                    board, _ = tap(board, Key(do=do))
                if centre(board, character, self._screen.width, self._screen.height) is not None:
                    break
            else:
                raise AssertionError(f"{character!r} is on no keyboard")
            for do in way:
                self.tap(do)
            self.tap(character)
            if self.board.signs:
                self.tap(Do.SIGNS)
        self._screen.settle(3)

    def wait_for_choices(self, letter: str) -> None:
        """Waits until what a held letter offers is there."""
        held = hold(self.board, Key(letter))
        assert held is not None
        self.board = held
        place = self._place(Do.CLOSE)
        self._screen.wait(lambda _picture: self._marked(place), what="the choices")

    def look(self, what: str | Do) -> bytes:
        """The picture of a key."""
        x, y = self._place(what)
        return self._screen.picture(x - 40, y - 20, 80, 40).tobytes()

    def tap_reveal(self, alphabets: bytes) -> None:
        """In a password: asks to see what is typed, once the key for other alphabets (its picture) has given way."""
        self.board = msgspec.structs.replace(self.board, field=FieldKind.PASSWORD)
        wait_until(lambda: self.look(Do.REVEAL) != alphabets, 5, "the key to see a password")
        self.tap(Do.REVEAL)
        self._screen.wait(lambda _picture: self._marked(self._place(Do.REVEAL)), what="its colour")

    @contextlib.contextmanager
    def resting_on(self, what: str | Do) -> Iterator[None]:
        """Presses a key, and lets it go at the end."""
        x, y = self._place(what)
        display = self._screen.display
        xtest.fake_input(display, X.MotionNotify, x=x, y=y)
        xtest.fake_input(display, X.ButtonPress, 1)
        display.sync()
        try:
            yield
        finally:
            xtest.fake_input(display, X.ButtonRelease, 1)
            display.sync()
