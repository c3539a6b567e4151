"""An agent at the pad: finds the digits by looking, as a person does, for they stand in another order each time."""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

from tests.kiosk import positions
from tests.station.screen import Screen
from tests.station.visitor import AGAIN_SECONDS, Visitor

_SIDE = (24, 32)
_DARK = 110
_HALF = 40
"""Pixels around a key's centre that hold its digit, and nothing of its border."""


def _font() -> Path:
    """The pad's own, which comes with Kivy. Not imported: Kivy would open a window."""
    spec = importlib.util.find_spec("kivy")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "fonts" / "Roboto-Bold.ttf"


def _shape(grey: Image.Image) -> Image.Image | None:
    """What is dark, cut out and brought to one size; None if nothing is."""
    ink = grey.point(lambda value: 255 if value < _DARK else 0)
    box = ink.getbbox()
    return None if box is None else ImageOps.pad(ink.crop(box), _SIDE)


def _patterns() -> dict[str, Image.Image]:
    font = ImageFont.truetype(str(_font()), 60)
    patterns = {}
    for digit in "0123456789":
        image = Image.new("L", (120, 120), 255)
        ImageDraw.Draw(image).text((30, 20), digit, font=font, fill=0)
        shape = _shape(image)
        assert shape is not None
        patterns[digit] = shape
    return patterns


def read(picture: Image.Image) -> dict[str, tuple[int, int]] | None:
    """Where each digit's key is; None unless all ten are seen."""
    patterns = _patterns()
    found = {}
    for number, (x, y) in enumerate(positions.pad_keys(*picture.size)):
        if number in (9, 11):
            continue
        shape = _shape(picture.crop((x - _HALF, y - _HALF, x + _HALF, y + _HALF)).convert("L"))
        if shape is None:
            return None
        best = min(patterns, key=lambda digit: ImageStat.Stat(ImageChops.difference(patterns[digit], shape)).sum[0])
        found[best] = (x, y)
    return found if len(found) == 10 else None


class AgentAtScreen:
    """Types PINs on the pad of one screen."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor, self._screen = visitor, visitor.screen

    def digits(self) -> dict[str, tuple[int, int]]:
        """Waits until the pad is seen. Raises TimeoutError."""
        self._screen.wait(lambda picture: read(picture) is not None, 15, "the pad with its ten digits")
        digits = read(self._screen.picture())
        assert digits is not None
        return digits

    def enter(self, pin: str) -> None:
        """Types it, looking for each dot, and sends it."""
        digits = self.digits()
        for number, digit in enumerate(pin, 1):
            self._tap_until_dots(digits[digit], number)
        self._screen.tap(*positions.pad_keys(self._screen.width, self._screen.height)[11])

    def _tap_until_dots(self, place: tuple[int, int], wanted: int) -> None:
        """The first tap may fall on a screen that takes none yet."""
        for _ in range(10):
            self._screen.tap(*place)
            with contextlib.suppress(TimeoutError):
                self._screen.wait(lambda _picture: dots(self._screen) >= wanted, AGAIN_SECONDS)
                assert dots(self._screen) == wanted, "one tap, two digits"
                return
        raise TimeoutError(f"no dot number {wanted} came")


def dots(screen: Screen) -> int:
    """How many dots are shown: dark runs on the line of their middle."""
    unit = max(1.0, min(screen.width / 1024, screen.height / 768))
    left, right = round(48 * unit), screen.width - round((48 + 480 + 40) * unit)
    top, bottom = round(222 * unit), round(330 * unit)
    band = screen.picture(left, top, right - left, bottom - top).convert("L")
    dark = band.point(lambda value: 255 if value < _DARK else 0)
    box = dark.getbbox()
    if box is None:
        return 0
    row = dark.crop((0, (box[1] + box[3]) // 2, dark.width, (box[1] + box[3]) // 2 + 1)).tobytes()
    return sum(1 for before, now in zip(b"\0" + row, row, strict=False) if now and not before)
