"""Where the buttons of the kiosk's screens are, for tests that tap with real X input.

`centre("start", 1280, 800)` is a point, in pixels from the top left of the display, that lies well inside the
button in every language that is written from the left (as far from the right in the others). `test_gallery` holds this
table against what is really drawn, at all `SIZES`.

A screen that has just appeared takes no taps for `kiosk.inert.INERT_SECONDS`: tap, wait for the effect for a
little longer than that, and tap again if there was none (a tap too many falls on a screen that is inert).
"""

from __future__ import annotations

from kiosk import theme

SIZES = ((1024, 768), (1280, 800), (1366, 768), (1920, 1080))
BAR_HEIGHT = 96

_PARTS: dict[str, tuple[float, float]] = {
    "start": (0.5, 0.53),
    "help_call": (0.5, 0.42),
    "help_cancel": (0.5, 0.42),
    "interview_go": (0.5, 0.675),
    "interview_stop": (0.5, 0.675),
    "private_alone": (0.5, 0.79),
    "panel_extend": (0.27, 0.386),
    "panel_private": (0.73, 0.386),
    "panel_outcome": (0.27, 0.565),
    "panel_end": (0.73, 0.565),
    "panel_close": (0.27, 0.744),
    "panel_allow": (0.73, 0.744),
    "panel_first": (0.27, 0.386),
    "panel_reopen": (0.27, 0.386),
    "panel_yes": (0.27, 0.386),
    "more_time": (0.5, 0.656),
    "no": (0.27, 0.69),
    "yes": (0.73, 0.69),
    "reload": (0.3, 0.655),
    "crashed_home": (0.8, 0.655),
    "hung_wait": (0.2, 0.655),
    "hung_again": (0.56, 0.655),
    **{f"size_{size}": (across, 0.431) for size, across in zip(theme.TextSize, (0.193, 0.5, 0.807), strict=True)},
    **{f"colours_{one}": (across, 0.694) for one, across in zip(theme.Colours, (0.193, 0.5, 0.807), strict=True)},
}
"""Parts of the width and the height. `yes` and `no` answer "Avez-vous fini ?"."""

_CORNERS: dict[str, tuple[float, float]] = {
    "station": (100, 46),
    "help_agent": (-148, -78),
    "help_private_over": (-431, -78),
    "pin_cancel": (198, -78),
    "panel_back": (248, -78),
    "closed_agent": (168, -78),
    "understood": (288, -87),
    "display": (-120, 52),
    "finished": (-198, -78),
    "back": (198, -78),
    "next_part": (-213, -78),
    "listen": (-310, 52),
}
"""Pixels of the design from the left and top, or, negative, from the right and bottom. `finished` is "J'ai fini"
on every full screen that has it; `back` leaves the lists of pages and documents; `listen` is there
where there is a voice."""

_BAR: dict[str, float] = {
    "bar_finished": -78,
    "bar_help": -210,
    "bar_home": -300,
    "bar_larger": -380,
    "bar_smaller": -450,
    "bar_back": -530,
    "bar_keyboard": -620,
    "bar_pages": -712,
    "bar_documents": -825,
}
"""Pixels of the design from the right, in a bar of one row; in one of two, "J'ai fini" is above the others.
`bar_pages` while there are two pages or more; `bar_documents` then, and 96 more to the right else."""
_FINISHED_WIDTH, _FIRST_ROW, _SECOND_ROW = 160, 41, 115

_LANGUAGES = {"language_fr": -351, "language_en": -117, "language_nl": 117, "language_ar": 351}
_TILES_TOP, _TILES_BOTTOM, _TILES_ACROSS = 167, 142, 8


_PAD_WIDTH, _PAD_TOP, _PAD_BOTTOM, _PAD_GAP, _PAD_RIGHT = 416, 100, 28, 12, 48


def pad_keys(width: int, height: int) -> list[tuple[int, int]]:
    """Centres of the pad's twelve keys, row by row: nine digits, "Effacer", the tenth, "Valider"."""
    unit = theme.scale(width, height)
    gap = max(_PAD_GAP * unit, theme.pixels(theme.APART_MM, theme.USUAL_DPI))
    across = _PAD_WIDTH * unit / 3
    down = (height - (_PAD_TOP + _PAD_BOTTOM) * unit - 3 * gap) / 4
    left, top = width - (_PAD_RIGHT + _PAD_WIDTH) * unit - 2 * gap, _PAD_TOP * unit
    return [
        (round(left + column * (across + gap) + across / 2), round(top + row * (down + gap) + down / 2))
        for row in range(4)
        for column in range(3)
    ]


def names() -> list[str]:
    sites = [f"site_{number}" for number in range(6)]
    return [*_PARTS, *_CORNERS, *_BAR, *_LANGUAGES, *sites, "more_sites"]


def centre(name: str, width: int, height: int, *, bar_height: int = BAR_HEIGHT) -> tuple[int, int]:
    """A point inside the button `name` (one of `names()`) on a display of this size.

    `site_0` to `site_5` are the tiles of a screenful of sites, in the settings' order; `more_sites` is the tile
    that follows the sixth. Raises KeyError for a name that does not exist.
    """
    unit = theme.scale(width, height)
    if name in _PARTS:
        across, down = _PARTS[name]
        return round(across * width), round(down * height)
    if name in _CORNERS:
        across, down = (part * unit for part in _CORNERS[name])
        return round(across % width), round(down % height)
    if name in _BAR:
        plan = theme.bar_plan(width, bar_height, theme.TextSize.NORMAL)
        if plan.rows == 1:
            return round(width + _BAR[name] * plan.unit), bar_height // 2
        if name == "bar_finished":
            return round(width + _BAR[name] * plan.unit), round(_FIRST_ROW * plan.unit)
        return round(width + (_BAR[name] + _FINISHED_WIDTH) * plan.unit), round(_SECOND_ROW * plan.unit) + plan.between
    if name in _LANGUAGES:
        return round(width / 2 + _LANGUAGES[name] * unit), round(0.755 * height)
    number = 6 if name == "more_sites" else int(name.removeprefix("site_"))
    if not 0 <= number < _TILES_ACROSS:
        raise KeyError(name)
    row = (height - (_TILES_TOP + _TILES_BOTTOM) * unit) / 4
    return round((0.25, 0.75)[number % 2] * width), round(_TILES_TOP * unit + row * (number // 2 + 0.5))
