"""Where the buttons of the kiosk's screens are, for tests that tap with real X input.

`centre("start", 1280, 800)` is a point, in pixels from the top left of the display, that lies well inside the
button in every language. `test_gallery` holds this table against what is really drawn, at all `SIZES`.

A screen that has just appeared takes no taps for `kiosk.inert.INERT_SECONDS`: tap, wait for the effect for a
little longer than that, and tap again if there was none (a tap too many falls on a screen that is inert).
"""

from __future__ import annotations

from kiosk import theme

SIZES = ((1024, 768), (1280, 800), (1366, 768), (1920, 1080))
BAR_HEIGHT = 96

_PARTS: dict[str, tuple[float, float]] = {
    "start": (0.5, 0.53),
    "more_time": (0.5, 0.656),
    "no": (0.27, 0.69),
    "yes": (0.73, 0.69),
    "reload": (0.3, 0.655),
    "crashed_home": (0.8, 0.655),
}
"""Parts of the width and the height. `yes` and `no` answer "Avez-vous fini ?"."""

_CORNERS: dict[str, tuple[float, float]] = {
    "understood": (288, -87),
    "finished": (-198, -78),
    "back": (198, -78),
    "next_part": (-213, -78),
}
"""Pixels of the design from the left and top, or, negative, from the right and bottom. `finished` is "J'ai fini"
on every full screen that has it; `back` leaves the lists of pages and documents."""

_BAR: dict[str, float] = {
    "bar_finished": -78,
    "bar_home": -198,
    "bar_larger": -282,
    "bar_smaller": -356,
    "bar_back": -440,
    "bar_keyboard": -531,
    "bar_pages": -621,
}
"""Pixels of the design from the right. `bar_pages` while there are two pages or more."""

_LANGUAGES = {"language_fr": -248, "language_en": 0, "language_nl": 248}
_TILES_TOP, _TILES_BOTTOM, _TILES_ACROSS = 167, 142, 8


def names() -> list[str]:
    sites = [f"site_{number}" for number in range(7)]
    return [*_PARTS, *_CORNERS, *_BAR, *_LANGUAGES, *sites, "more_sites"]


def centre(name: str, width: int, height: int, *, bar_height: int = BAR_HEIGHT) -> tuple[int, int]:
    """A point inside the button `name` (one of `names()`) on a display of this size.

    `site_0` to `site_6` are the tiles of a screenful of sites, in the settings' order; `more_sites` is the tile
    that follows the seventh. Raises KeyError for a name that does not exist.
    """
    unit = theme.scale(width, height)
    if name in _PARTS:
        across, down = _PARTS[name]
        return round(across * width), round(down * height)
    if name in _CORNERS:
        across, down = (part * unit for part in _CORNERS[name])
        return round(across % width), round(down % height)
    if name in _BAR:
        return round(width + _BAR[name] * theme.bar_scale(width, bar_height)), bar_height // 2
    if name in _LANGUAGES:
        return round(width / 2 + _LANGUAGES[name] * unit), round(0.755 * height)
    number = 7 if name == "more_sites" else int(name.removeprefix("site_"))
    if not 0 <= number < _TILES_ACROSS:
        raise KeyError(name)
    row = (height - (_TILES_TOP + _TILES_BOTTOM) * unit) / 4
    return round((0.25, 0.75)[number % 2] * width), round(_TILES_TOP * unit + row * (number // 2 + 0.5))
