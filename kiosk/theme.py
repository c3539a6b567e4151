"""Colours, fonts and the scale of sizes: our own look, calm and high in contrast. Pure data, no Kivy.

Every colour of the interface comes from here, and every pair of text and ground from `STYLES` or `PAIRS`, so
that a test can hold all of them to a contrast of 7:1 (WCAG 2.2, level AAA) without looking at a screen.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

Colour = tuple[float, float, float, float]
"""Red, green, blue, opacity, each 0..1, as Kivy takes them."""


def colour(code: str) -> Colour:
    """`#rrggbb` as a Colour."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (red, green, blue, 1.0)


PAPER = colour("#fbf7ee")
"""The ground of every full screen."""
CARD = colour("#ffffff")
INK = colour("#14212b")
SOFT = colour("#3a464f")
"""Text that comes second."""
LINE = colour("#6b7780")
"""Borders; never text."""
IDLE_DOT = colour("#c3cfca")
TEAL = colour("#0d4a43")
TEAL_DEEP = colour("#062b27")
MIST = colour("#e3ece8")
"""A pressed or marked card."""
AMBER = colour("#f5c84c")
AMBER_DEEP = colour("#e0ac1f")
BRICK = colour("#7a1b16")
BRICK_DEEP = colour("#4f0f0c")
NIGHT = colour("#14212b")
"""The ground of the bar over a site."""
NIGHT_RAISED = colour("#2a3944")
NIGHT_PRESSED = colour("#425360")
WHITE = colour("#ffffff")


class Style(NamedTuple):
    text: Colour
    ground: Colour
    pressed: Colour
    border: Colour


STYLES: dict[str, Style] = {
    "main": Style(WHITE, TEAL, TEAL_DEEP, TEAL),
    "plain": Style(INK, CARD, MIST, LINE),
    "chosen": Style(INK, MIST, MIST, TEAL),
    "finish": Style(INK, AMBER, AMBER_DEEP, AMBER),
    "grave": Style(WHITE, BRICK, BRICK_DEEP, BRICK),
    "bar": Style(WHITE, NIGHT_RAISED, NIGHT_PRESSED, NIGHT_RAISED),
    "key": Style(INK, CARD, AMBER, CARD),
    "key_on": Style(INK, AMBER, AMBER_DEEP, AMBER),
}
"""What a button can look like. `main` is the one main action of a screen."""

PAIRS: dict[str, tuple[Colour, Colour]] = {
    "text on paper": (INK, PAPER),
    "second text on paper": (SOFT, PAPER),
    "text on a card": (INK, CARD),
    "second text on a card": (SOFT, CARD),
    "second text on a pressed card": (SOFT, MIST),
    "title on paper": (TEAL, PAPER),
    "letter on a disc": (WHITE, TEAL),
    "text on the bar": (WHITE, NIGHT),
    "trouble on the bar": (AMBER, NIGHT),
    "demonstration": (INK, AMBER),
    "a word of refusal": (WHITE, NIGHT),
}

DESIGN_WIDTH, DESIGN_HEIGHT = 1024, 768
"""Sizes in the screens are pixels of this window; a larger one scales them up, so that nothing looks lost."""
DESIGN_BAR = 96
TOUCH = 64
"""Smallest side of anything that can be tapped, in pixels."""
KEY_GAP = 6
DESIGN_KEYBOARD = 5 * TOUCH + 6 * KEY_GAP
"""Height of the on-screen keyboard: five rows of keys."""
SMALLEST_TEXT = 20
"""Pixels."""

LATIN_FONT = "Roboto"
"""Comes with Kivy, and has every letter of our own words."""
_WIDE_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/TTF/DejaVuSans.ttf"),
)


def scale(width: int, height: int) -> float:
    """How much larger than the design a full screen of this size is drawn; never smaller than 1."""
    return max(1.0, min(width / DESIGN_WIDTH, height / DESIGN_HEIGHT))


def bar_scale(width: int, bar_height: int) -> float:
    """The same for the bar over a site."""
    return max(1.0, min(width / DESIGN_WIDTH, bar_height / DESIGN_BAR))


def keyboard_height(width: int, height: int) -> int:
    """Pixels at the bottom of a display of this size that the on-screen keyboard takes."""
    return round(DESIGN_KEYBOARD * scale(width, height))


def wide_font() -> str:
    """A font with more scripts than ours, for titles and names that visitors' sites and files bring."""
    for path in _WIDE_FONTS:
        if path.exists():
            return str(path)
    return LATIN_FONT


def font_for(text: str) -> str:
    """Our own font where it has the letters (Latin and general punctuation), else the wide one."""
    if all(ord(letter) < 0x250 or 0x2010 <= ord(letter) <= 0x2026 for letter in text):
        return LATIN_FONT
    return wide_font()


def contrast(first: Colour, second: Colour) -> float:
    """Contrast ratio, 1..21, by WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(value: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in value[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
