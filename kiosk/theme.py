"""Colours, fonts and the scale of sizes: our own look, calm and high in contrast. Pure data, no Kivy.

Every colour of the interface comes from here, and every pair of text and ground from `styles` or `pairs`, so
that a test can hold all of them to a contrast of 7:1 (WCAG 2.2, level AAA) without looking at a screen.
"""

from __future__ import annotations

import enum
import functools
import math
from pathlib import Path
from typing import NamedTuple

Colour = tuple[float, float, float, float]
"""Red, green, blue, opacity, each 0..1, as Kivy takes them."""


def colour(code: str) -> Colour:
    """`#rrggbb` as a Colour."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (red, green, blue, 1.0)


class Palette(NamedTuple):
    """One set of colours. `on_x` is the text that stands on the ground `x`."""

    paper: Colour
    """The ground of every full screen."""
    card: Colour
    ink: Colour
    soft: Colour
    """Text that comes second."""
    line: Colour
    """Borders; never text."""
    idle: Colour
    accent: Colour
    """Titles, and the ground of the one main action."""
    accent_deep: Colour
    on_accent: Colour
    mist: Colour
    """A pressed or marked card."""
    finish: Colour
    finish_deep: Colour
    on_finish: Colour
    alarm: Colour
    """What is grave: a text on paper, and a ground."""
    alarm_deep: Colour
    on_alarm: Colour
    night: Colour
    """The ground of the bar over a site."""
    raised: Colour
    raised_deep: Colour
    on_night: Colour
    warn: Colour
    """Trouble, on the bar."""
    ring: Colour
    """Round what the keyboard is at."""
    ring_on_night: Colour
    marker: Colour
    """Under what is being read aloud."""
    edge: int
    """Pixels of the design: how thick borders are."""


def _of(edge: int, **codes: str) -> Palette:
    return Palette(edge=edge, **{name: colour(code) for name, code in codes.items()})


class Colours(enum.StrEnum):
    """The palettes that a visitor can choose from."""

    CALM = "calm"
    STRONG = "strong"
    """For poor sight: light on black, thick borders."""
    DAY = "day"
    """For daylight on a dim panel: black on white."""


PALETTES: dict[Colours, Palette] = {
    Colours.CALM: _of(
        2, paper="#fbf7ee", card="#ffffff", ink="#14212b", soft="#3a464f", line="#6b7780", idle="#c3cfca",
        accent="#0d4a43", accent_deep="#062b27", on_accent="#ffffff", mist="#e3ece8",
        finish="#f5c84c", finish_deep="#e0ac1f", on_finish="#14212b",
        alarm="#7a1b16", alarm_deep="#4f0f0c", on_alarm="#ffffff",
        night="#14212b", raised="#2a3944", raised_deep="#425360", on_night="#ffffff", warn="#f5c84c",
        ring="#14212b", ring_on_night="#f5c84c", marker="#ffefb0",
    ),
    Colours.STRONG: _of(
        4, paper="#000000", card="#000000", ink="#ffffff", soft="#f2f2f2", line="#ffffff", idle="#5c5c5c",
        accent="#ffe14d", accent_deep="#d6b800", on_accent="#000000", mist="#333333",
        finish="#8fe3ff", finish_deep="#57c7ea", on_finish="#000000",
        alarm="#ffab9e", alarm_deep="#ff8470", on_alarm="#000000",
        night="#000000", raised="#262626", raised_deep="#404040", on_night="#ffffff", warn="#ffe14d",
        ring="#8fe3ff", ring_on_night="#8fe3ff", marker="#161100",
    ),
    Colours.DAY: _of(
        4, paper="#ffffff", card="#ffffff", ink="#000000", soft="#1c1c1c", line="#000000", idle="#b5b5b5",
        accent="#00302b", accent_deep="#000000", on_accent="#ffffff", mist="#dfe9e6",
        finish="#ffd23c", finish_deep="#e6b400", on_finish="#000000",
        alarm="#6b0000", alarm_deep="#3d0000", on_alarm="#ffffff",
        night="#000000", raised="#182024", raised_deep="#3d4a53", on_night="#ffffff", warn="#ffd23c",
        ring="#0028a8", ring_on_night="#ffd23c", marker="#ffeb9c",
    ),
}  # fmt: skip


class Style(NamedTuple):
    text: Colour
    ground: Colour
    pressed: Colour
    border: Colour


def styles(of: Palette) -> dict[str, Style]:
    """What a button can look like. `main` is the one main action of a screen."""
    return {
        "main": Style(of.on_accent, of.accent, of.accent_deep, of.accent),
        "plain": Style(of.ink, of.card, of.mist, of.line),
        "chosen": Style(of.ink, of.mist, of.mist, of.accent),
        "finish": Style(of.on_finish, of.finish, of.finish_deep, of.finish),
        "grave": Style(of.on_alarm, of.alarm, of.alarm_deep, of.alarm),
        "bar": Style(of.on_night, of.raised, of.raised_deep, of.raised),
        "key": Style(of.ink, of.card, of.marker, of.line),
        "key_on": Style(of.on_finish, of.finish, of.finish_deep, of.finish),
    }


def pairs(of: Palette) -> dict[str, tuple[Colour, Colour]]:
    """Every text and its ground, besides those of the buttons."""
    return {
        "text on paper": (of.ink, of.paper),
        "second text on paper": (of.soft, of.paper),
        "text on a card": (of.ink, of.card),
        "second text on a card": (of.soft, of.card),
        "second text on a pressed card": (of.soft, of.mist),
        "title on paper": (of.accent, of.paper),
        "what is grave on paper": (of.alarm, of.paper),
        "letter on a disc": (of.on_accent, of.accent),
        "text on the bar": (of.on_night, of.night),
        "trouble on the bar": (of.warn, of.night),
        "a number on a button of the bar": (of.warn, of.raised),
        "demonstration": (of.on_finish, of.finish),
        "a word of refusal": (of.on_night, of.night),
        **{
            f"{name} being read": (ink, of.marker)
            for name, ink in (("text", of.ink), ("second text", of.soft), ("title", of.accent), ("alarm", of.alarm))
        },
        "ring on paper": (of.ring, of.paper),
        "ring on the bar": (of.ring_on_night, of.night),
    }


class TextSize(enum.StrEnum):
    NORMAL = "normal"
    LARGE = "large"
    LARGEST = "largest"


TEXT_FACTORS: dict[TextSize, float] = {TextSize.NORMAL: 1.0, TextSize.LARGE: 1.2, TextSize.LARGEST: 1.4}
"""How much larger words are drawn than the design says."""

DESIGN_WIDTH, DESIGN_HEIGHT = 1024, 768
"""Sizes in the screens are pixels of this window; a larger one scales them up, so that nothing looks lost."""
DESIGN_BAR = 96
DESIGN_TWO_ROWS, ROW_GAP = 164, 8
BAR_WIDTH, BAR_TOOLS_WIDTH = 1260, 840
"""What all of the bar needs in one row, and what its tools alone need."""
TOUCH = 64
"""Smallest side of anything that can be tapped, in pixels."""
KEY_GAP, KEY_ROWS = 6, 5
"""Of the on-screen keyboard."""
TOUCH_MM, APART_MM = 12.0, 9.0
"""The same on the glass; and how far apart are two of which one must not be taken for the other."""
USUAL_DPI = 96.0
"""Dots per inch of a panel that does not say how large it is."""
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


class BarPlan(NamedTuple):
    """How the bar over a site is laid out."""

    rows: int
    """1, or 2 where the screen is too narrow for all of it in one."""
    unit: float
    """Window pixels of one pixel of the design."""
    text: float
    """How much larger than the design its words are."""
    height: int
    """Pixels of the window."""
    between: int = 0
    """Pixels of the window between two rows: below "J'ai fini" are others."""


def pixels(millimetres: float, dpi: float) -> int:
    """So many that they are as long on the glass, at least."""
    return math.ceil(millimetres * dpi / 25.4)


def bar_plan(width: int, bar_height: int, size: TextSize, dpi: float = USUAL_DPI) -> BarPlan:
    """For a screen of `width` pixels; `bar_height` is a bar's of one row and words of normal size, in pixels."""
    unit, text = bar_scale(width, bar_height), TEXT_FACTORS[size]
    if width >= BAR_WIDTH * unit * text:
        return BarPlan(1, unit, text, round(bar_height * text))
    text = max(1.0, min(text, width / (BAR_TOOLS_WIDTH * unit)))
    between = max(round(ROW_GAP * unit), pixels(APART_MM, dpi))
    return BarPlan(2, unit, text, round(DESIGN_TWO_ROWS * unit * text) + between, between)


def keyboard_height(width: int, height: int, dpi: float = USUAL_DPI) -> int:
    """Pixels at the bottom of a display of this size that the on-screen keyboard takes."""
    unit = scale(width, height)
    key = max(TOUCH * unit, pixels(TOUCH_MM, dpi))
    return round(KEY_ROWS * key + (KEY_ROWS + 1) * KEY_GAP * unit)


@functools.cache
def wide_font(*, bold: bool = False) -> str:
    """A font with more scripts than Latin: for Arabic, and for titles and names that sites and files bring."""
    for path in _WIDE_FONTS:
        if path.exists():
            return str(path.with_stem(f"{path.stem}-Bold") if bold else path)
    return LATIN_FONT


def font_for(text: str, *, bold: bool = False) -> str:
    """Our own font where it has the letters (Latin, general punctuation, some signs), else the wide one."""
    if all(ord(letter) < 0x250 or 0x2010 <= ord(letter) <= 0x2026 or letter in "€−" for letter in text):
        return LATIN_FONT
    return wide_font(bold=bold)


def contrast(first: Colour, second: Colour) -> float:
    """Contrast ratio, 1..21, by WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(value: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in value[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
