"""The look keeps its promises: contrast, and every colour from the theme."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk import theme

READABLE = 7.0
VISIBLE = 3.0
KIOSK = Path(theme.__file__).parent


def test_contrast_is_the_one_of_wcag() -> None:
    assert theme.contrast(theme.colour("#000000"), theme.colour("#ffffff")) == pytest.approx(21)
    assert theme.contrast(theme.colour("#777777"), theme.colour("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", theme.Colours)
def test_text_can_be_read(colours: theme.Colours) -> None:
    pairs = theme.pairs(theme.PALETTES[colours])
    assert {name for name, pair in pairs.items() if theme.contrast(*pair) < READABLE} == set()


@pytest.mark.parametrize("colours", theme.Colours)
@pytest.mark.parametrize("name", theme.styles(theme.PALETTES[theme.Colours.CALM]))
def test_buttons_can_be_read_and_seen(colours: theme.Colours, name: str) -> None:
    palette = theme.PALETTES[colours]
    style = theme.styles(palette)[name]
    assert theme.contrast(style.text, style.ground) >= READABLE
    assert theme.contrast(style.text, style.pressed) >= READABLE
    if name != "bar":  # the bar's are known by their words, and lie on a ground that nothing else has
        assert theme.contrast(style.border, palette.paper) >= (1.3 if name in ("finish", "key_on") else VISIBLE)


@pytest.mark.parametrize("colours", [theme.Colours.STRONG, theme.Colours.DAY])
def test_the_other_palettes_are_stronger(colours: theme.Colours) -> None:
    for name, pair in theme.pairs(theme.PALETTES[colours]).items():
        assert theme.contrast(*pair) >= 10, name


@pytest.mark.parametrize("size", theme.TextSize)
@pytest.mark.parametrize("width", [800, 1024, 1080, 1280, 1366, 1920, 3840])
def test_the_bar_has_room_for_all_of_it(width: int, size: theme.TextSize) -> None:
    plan = theme.bar_plan(width, 96, size)
    needed = theme.BAR_WIDTH if plan.rows == 1 else theme.BAR_TOOLS_WIDTH
    assert needed * plan.unit * plan.text <= max(width, theme.DESIGN_WIDTH)
    assert 1 <= plan.text <= theme.TEXT_FACTORS[size]


def test_screens_take_their_colours_from_the_theme() -> None:
    for path in (*KIOSK.rglob("*.kv"), *(KIOSK / "screens").glob("*.py"), *(KIOSK / "widgets").glob("*.py")):
        text = path.read_text("utf-8")
        assert not re.search(r'#[0-9a-fA-F]{6}\b|rgba?: *[\d"(\[]|markup *[:=]', text), path


def test_fonts_follow_the_letters() -> None:
    assert theme.font_for("Œuvre à l’été… naïve") == theme.LATIN_FONT
    assert theme.font_for("Αίτηση") == theme.wide_font()


def test_scales() -> None:
    assert theme.scale(1024, 768) == 1
    assert theme.scale(800, 600) == 1
    assert theme.scale(1280, 800) == pytest.approx(800 / 768)
    assert theme.bar_scale(1920, 96) == 1
    assert theme.bar_scale(1920, 144) == 1.5


@pytest.mark.parametrize("colours", theme.Colours)
@pytest.mark.parametrize("name", ["key", "key_on", "bar"])
def test_keys_can_be_seen_on_their_ground(colours: theme.Colours, name: str) -> None:
    palette = theme.PALETTES[colours]
    style = theme.styles(palette)[name]
    edges = [theme.contrast(one, palette.night) for one in (style.border, style.ground)]
    assert max(edges) >= (VISIBLE if name != "bar" else 1.2)
