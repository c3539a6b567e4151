"""The measure of legibility goes down as a page gets worse, and says what tesseract says."""

from __future__ import annotations

import difflib
import io
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from scanner.document.encode import Way, encode
from scanner.document.legible import COMFORTABLE, LEAST, Original
from scanner.document.model import Mode
from scanner.document.raster import Page, Pixels, bitonal, grey, sized
from tests.scanner.document import maker

STRIP = (150.0, 45.0)


def test_the_same_page_is_wholly_legible(letter: Page) -> None:
    seen = Original(letter).seen(letter.pixels)
    assert seen.legibility > 0.999
    assert seen.look > 0.999


@pytest.mark.parametrize("points", [6, 9, 14])
def test_fewer_dots_are_less_legible(points: float) -> None:
    page = maker.lettered(points=points, millimetres=STRIP)
    original = Original(page)
    found = [original.seen(encode(page, Way(Mode.GREY, dpi, 60))[1]) for dpi in (300, 200, 150, 100, 75, 50)]
    assert [one.legibility for one in found] == sorted((one.legibility for one in found), reverse=True)
    assert [one.look for one in found] == sorted((one.look for one in found), reverse=True)
    assert found[0].legibility > COMFORTABLE
    assert found[-1].legibility < LEAST


def test_small_print_is_lost_first() -> None:
    small, large = (maker.lettered(points=points, millimetres=STRIP) for points in (5, 12))
    way = Way(Mode.GREY, 90, 30)
    assert Original(small).seen(encode(small, way)[1]).legibility < LEAST
    assert Original(large).seen(encode(large, way)[1]).legibility > LEAST


def test_one_faint_line_that_is_gone_is_noticed() -> None:
    """It is far less than a tenth of what is written on the page."""
    page = maker.lettered(lines=22, millimetres=maker.A5)
    picture = Image.fromarray(page.pixels)
    maker.write(picture, 12, 300, (200, 200, 202), lines=1, top=190)
    faint = Page(np.asarray(picture), 300)
    made = encode(page, Way(Mode.GREY, 300, 90))[1]
    assert Original(page).seen(made).legibility > 0.98
    assert Original(faint).seen(made).legibility < 0.3


def test_a_picture_in_black_and_white_is_not_legible(illustrated: Page) -> None:
    assert Original(illustrated).seen(bitonal(illustrated, 300)).legibility < LEAST


def test_an_empty_page_is_legible() -> None:
    page = maker.lettered(lines=0, millimetres=STRIP)
    assert Original(page).seen(np.full_like(page.pixels, 255)).legibility == 1
    assert Original(page).written == 0


def words(pixels: Pixels) -> list[str]:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", "fra", "--psm", "6", "--dpi", "300"],
        input=out.getvalue(), capture_output=True, check=True, env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin"},
    )  # fmt: skip
    return re.findall(r"\w+", done.stdout.decode().lower())


@pytest.mark.parametrize(
    ("points", "way", "read"),
    [
        (8, Way(Mode.GREY, 150, 60), True),
        (8, Way(Mode.GREY, 60, 25), False),
        (8, Way(Mode.BITONAL, 200), True),
        (6, Way(Mode.BITONAL, 85), False),
        (14, Way(Mode.GREY, 75, 50), True),
    ],
)
def test_it_agrees_with_tesseract(points: float, way: Way, read: bool) -> None:
    """Where it says legible the words are found; where it says not, they are lost."""
    page = maker.lettered(points=points, millimetres=STRIP)
    made = encode(page, way)[1]
    before = words(grey(page.pixels))
    assert len(before) > 10
    after = words(sized(grey(made), page.pixels.shape[1], page.pixels.shape[0]))
    agreement = difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()
    assert (agreement > 0.9) is read
    assert (Original(page).seen(made).legibility >= LEAST) is read
