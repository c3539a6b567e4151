"""Hands and eyes on a station's display: taps and keys by XTEST, pictures by GetImage."""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import gethostname
from typing import Any

from PIL import Image
from Xlib import XK, X, error
from Xlib import display as xdisplay
from Xlib.ext import xtest

from session.environment.tree import Tree

X11_DIRECTORY = Path("/tmp/.X11-unix")
FIRST_NUMBER = 7000


def is_chromium(window: Any) -> bool:
    """Of a window, or X.NONE; false for one that is gone."""
    try:
        kind = window.get_wm_class() if window else None
    except error.BadWindow:
        return False
    return kind is not None and "chrom" in kind[1].lower()


class Screen:
    """The display whose socket is `socket` and whose cookie ends the file `authority`.

    X clients only know numbers, so the socket gets one by a link that `close` takes away.
    """

    def __init__(self, socket: Path, authority: Path) -> None:
        X11_DIRECTORY.mkdir(mode=0o1777, exist_ok=True)
        self._link = _link(socket)
        number = self._link.name[1:]
        self._authority = tempfile.NamedTemporaryFile(prefix="marchepied-test-")  # noqa: SIM115 - kept open
        host = gethostname()
        cookie = authority.read_bytes()[-16:]
        entry = (host.encode(), number.encode(), b"MIT-MAGIC-COOKIE-1", cookie)
        fields = b"".join(struct.pack(">H", len(field)) + field for field in entry)
        self._authority.write(struct.pack(">H", 256) + fields)
        self._authority.flush()
        try:
            self.display = _connect(f":{number}", self._authority.name)
        except BaseException:
            self.close()
            raise
        # python-xlib's RANDR puts errors of its own in the place of the protocol's, and then cannot read those.
        self.display.display.error_classes.update(error.xerror_class)
        self.root = self.display.screen().root
        geometry = self.root.get_geometry()
        self.width, self.height = geometry.width, geometry.height

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.display.close()
        self._link.unlink(missing_ok=True)
        self._authority.close()

    def tap(self, x: float, y: float) -> None:
        """`x`, `y` in pixels of the screen."""
        xtest.fake_input(self.display, X.MotionNotify, x=round(x), y=round(y))
        xtest.fake_input(self.display, X.ButtonPress, 1)
        xtest.fake_input(self.display, X.ButtonRelease, 1)
        self.display.sync()

    def tap_page(self, x: float, y: float) -> None:
        """Taps the page in front as soon as it takes taps: it does not for its first moments. Raises TimeoutError."""
        deadline = time.monotonic() + 10
        while not is_chromium(self.root.translate_coords(self.root, round(x), round(y)).child):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no page at {x}, {y}")
            time.sleep(0.02)
        self.tap(x, y)

    @contextlib.contextmanager
    def held(self, x: float, y: float) -> Iterator[None]:
        """A finger that stays there as long as this lasts."""
        xtest.fake_input(self.display, X.MotionNotify, x=round(x), y=round(y))
        xtest.fake_input(self.display, X.ButtonPress, 1)
        self.display.sync()
        try:
            yield
        finally:
            xtest.fake_input(self.display, X.ButtonRelease, 1)
            self.display.sync()

    def at(self, x: int, y: int) -> Any:
        """The window that a tap at this point reaches; X.NONE (0) for none."""
        return self.root.translate_coords(self.root, x, y).child

    def move(self, x: float, y: float) -> None:
        xtest.fake_input(self.display, X.MotionNotify, x=round(x), y=round(y))
        self.display.sync()

    def key(self, name: str, *modifiers: str) -> None:
        """One key by its X name ("Tab", "Return", "a"), with modifiers held ("Control_L")."""
        codes = [self._code(modifier) for modifier in modifiers]
        for code in codes:
            xtest.fake_input(self.display, X.KeyPress, code)
        code = self._code(name)
        xtest.fake_input(self.display, X.KeyPress, code)
        xtest.fake_input(self.display, X.KeyRelease, code)
        for code in reversed(codes):
            xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()

    def type(self, text: str) -> None:
        """ASCII text, with Shift where the keyboard map wants it."""
        for character in text:
            keysym = XK.string_to_keysym(_NAMES.get(character, character))
            code = self.display.keysym_to_keycode(keysym)
            shifted = self.display.keycode_to_keysym(code, 0) != keysym
            name = _NAMES.get(character, character)
            self.key(name, "Shift_L") if shifted else self.key(name)

    def picture(self, x: int = 0, y: int = 0, width: int = 0, height: int = 0) -> Image.Image:
        width, height = width or self.width, height or self.height
        raw = self.root.get_image(x, y, width, height, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", (width, height), raw.data, "raw", "BGRX")

    def wait(self, seen: Callable[[Image.Image], bool], seconds: float = 10.0, what: str = "the picture") -> None:
        """Waits until `seen(picture)` holds. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not seen(self.picture()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come within {seconds} s")
            time.sleep(0.05)

    def settle(self, seconds: float = 5.0) -> Image.Image:
        """The picture once two looks 0.2 s apart are the same (a blinking caret is waited out by the deadline)."""
        deadline = time.monotonic() + seconds
        before = self.picture()
        while time.monotonic() < deadline:
            time.sleep(0.2)
            now = self.picture()
            if now.tobytes() == before.tobytes():
                break
            before = now
        return before

    def _code(self, name: str) -> int:
        code: int = self.display.keysym_to_keycode(XK.string_to_keysym(name))
        return code


_NAMES = {
    " ": "space", "@": "at", ".": "period", "-": "minus", "_": "underscore", ":": "colon", "/": "slash",
    "'": "apostrophe", ",": "comma", "+": "plus", "=": "equal", "?": "question", "!": "exclam", "&": "ampersand",
    "%": "percent", "\t": "Tab", "\r": "Return",
}  # fmt: skip


def _link(socket: Path) -> Path:
    for number in range(FIRST_NUMBER, FIRST_NUMBER + 1000):
        link = X11_DIRECTORY / f"X{number}"
        with contextlib.suppress(FileExistsError):
            link.symlink_to(socket)
            return link
    raise RuntimeError("no free display number")


def _connect(name: str, authority: str) -> xdisplay.Display:
    before = os.environ.get("XAUTHORITY")
    os.environ["XAUTHORITY"] = authority
    try:
        return xdisplay.Display(name)
    finally:
        if before is None:
            del os.environ["XAUTHORITY"]
        else:
            os.environ["XAUTHORITY"] = before


@contextlib.contextmanager
def screen_of(tree: Path) -> Iterator[Screen]:
    """The screen of the environment whose tmpfs is mounted at `tree`."""
    screen = Screen(Tree(tree).x_socket, Tree(tree).screen_cookie)
    try:
        yield screen
    finally:
        screen.close()
