"""Where the keys of the on-screen keyboard are on a display, for tests that tap them with real X input.

`test_pictures` holds this against what is really drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

from kiosk import theme
from kiosk.keyboard.keys import Keyboard
from kiosk.keyboard.layouts import Do, Key


def centres(board: Keyboard, width: int, height: int) -> Iterator[tuple[Key, int, int]]:
    """Every key that is on the screen now, from the top left, with its middle in pixels of the display."""
    gap = round(theme.KEY_GAP * theme.scale(width, height))
    foot = theme.keyboard_height(width, height)
    rows = board.rows
    high = (foot - gap * (len(rows) + 1)) / len(rows)
    for number, row in enumerate(rows):
        wide = (width - gap * (len(row) + 1)) / sum(key.width for key in row)
        left = float(gap)
        for key in row:
            yield key, round(left + key.width * wide / 2), round(height - foot + gap + number * (high + gap) + high / 2)
            left += key.width * wide + gap


def centre(board: Keyboard, what: str | Do, width: int, height: int) -> tuple[int, int] | None:
    """The middle of the first key that types or does this; None if there is none now."""
    for key, x, y in centres(board, width, height):
        if what in (key.text or None, key.do):
            return x, y
    return None
