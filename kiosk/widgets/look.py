"""The look of the screen that is being built: its scale, its text size, its colours.

Screens are built anew when any of them changes, so their .kv files read them once and nothing is bound to them.
"""

from __future__ import annotations

from kiosk import theme

now: theme.Palette = theme.PALETTES[theme.Colours.CALM]
"""The colours."""
mirrored = False
"""Whether the language goes from right to left, and with it all that is on the screen: see `kiosk.widgets.mirror`."""
_unit = 1.0
_text = 1.0
_dpi = theme.USUAL_DPI


def take(
    unit: float, text: float, colours: theme.Colours, dpi: float = theme.USUAL_DPI, *, turned: bool = False
) -> None:
    """`unit`: window pixels of one pixel of the design. `text`: how much larger words are. `dpi`: of the panel.
    `turned`: `mirrored`."""
    global now, mirrored, _unit, _text, _dpi
    now, mirrored = theme.PALETTES[colours], turned
    _unit, _text, _dpi = unit, text, dpi


def u(pixels: float) -> int:
    """Pixels of the design as pixels of the window."""
    return round(pixels * _unit)


def t(pixels: float) -> int:
    """The same for words and what holds them: follows the text size too."""
    return round(pixels * _unit * _text)


def h(pixels: float) -> int:
    """The same for what is large already: grows half as much with the text size."""
    return round(pixels * _unit * (1 + _text) / 2)


def s(pixels: float) -> int:
    """The same for space between things: larger words take some of it."""
    return round(pixels * _unit / _text**2)


def mm(millimetres: float) -> int:
    """Pixels of the window that are as long on the glass, at least."""
    return theme.pixels(millimetres, _dpi)


def finger(pixels: float = 0) -> int:
    """As `u`, for the side of something to tap: never too small for a finger."""
    return max(u(pixels), theme.TOUCH, mm(theme.TOUCH_MM))


def apart(pixels: float = 0) -> int:
    """As `u`, for the space between two of which one must not be taken for the other."""
    return max(u(pixels), mm(theme.APART_MM))


def fewer(number: int) -> int:
    """How many of `number` rows there is room for when words are larger."""
    return round(number / _text)


def style(name: str) -> theme.Style:
    return theme.styles(now)[name]
