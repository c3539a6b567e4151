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
    assert theme.contrast(theme.colour("#000000"), theme.WHITE) == pytest.approx(21)
    assert theme.contrast(theme.colour("#777777"), theme.WHITE) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", theme.PAIRS)
def test_text_can_be_read(name: str) -> None:
    assert theme.contrast(*theme.PAIRS[name]) >= READABLE


@pytest.mark.parametrize("name", theme.STYLES)
def test_buttons_can_be_read_and_seen(name: str) -> None:
    style = theme.STYLES[name]
    assert theme.contrast(style.text, style.ground) >= READABLE
    assert theme.contrast(style.text, style.pressed) >= READABLE


def test_plain_buttons_have_an_edge_that_is_seen() -> None:
    for name in ("plain", "chosen"):
        assert theme.contrast(theme.STYLES[name].border, theme.PAPER) >= VISIBLE


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
