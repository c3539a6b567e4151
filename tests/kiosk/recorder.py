"""What the screens of papers ask of others, kept in a list; and pictures of papers that nobody ever wrote."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw

from kiosk.papers import Picture


class Recorder:
    """Any call of `kiosk.papers.Calls`, as ("name", arguments). Pictures are there at once."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def picture(self, of: str, version: int, page: int = 1) -> Picture | None:
        return drawn(of, page) if version else None

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self.calls.append((name, arguments))


@functools.cache
def drawn(of: str, page: int) -> Picture:
    """Always the same one for an id: a card, a photograph, an empty page, or a letter with lines in place of words."""
    seed = zlib.crc32(f"{of} {page}".encode())
    if "card" in of:
        image = Image.new("RGB", (480, 680), "#fdfdfb")
        draw = ImageDraw.Draw(image)
        for top in (60, 350):
            draw.rounded_rectangle((70, top, 410, top + 215), 16, fill="#cfe0ee", outline="#5d7c94", width=3)
            draw.rectangle((90, top + 50, 180, top + 165), fill="#8fa8bb")
            for line in range(4):
                draw.rectangle((205, top + 60 + 28 * line, 380 - 30 * (line % 2), top + 70 + 28 * line), fill="#53687a")
    elif "photo" in of:
        image = Image.new("RGB", (640, 480), "#bcd7ea")
        draw = ImageDraw.Draw(image)
        draw.polygon(((0, 480), (220, 170), (430, 480)), fill="#6d8f71")
        draw.polygon(((250, 480), (450, 230), (640, 480)), fill="#54765c")
        draw.ellipse((480, 50, 570, 140), fill="#f4d873")
    else:
        image = Image.new("RGB", (480, 680), "#fdfdfb")
        draw = ImageDraw.Draw(image)
        if "blank" not in of:
            draw.rectangle((50, 50, 150, 90), fill=("#3d6d8c", "#8c4a3d", "#4d7a48", "#6a5587")[seed % 4])
            draw.rectangle((300, 110, 430, 122), fill="#444444")
            draw.rectangle((300, 132, 410, 144), fill="#444444")
            for line in range(20):
                length = 280 + (seed >> line) % 100 if (line + seed) % 6 else 140
                draw.rectangle((50, 200 + 21 * line, 50 + length, 207 + 21 * line), fill="#666666")
    return Picture(*image.size, image.tobytes())
