"""A page is made with any of its corrections undone, and looks as it should."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from scanner.model import Corrected, Correction
from scanner.page import Scan, card, examine, make, prepare, strips
from scanner.page.light import Light, evened, light_of
from scanner.page.look import to_grey
from scanner.page.model import Pixels
from tests import pages

ALL = frozenset(Correction)


def subsets() -> list[frozenset[Correction]]:
    return [frozenset(some) for count in range(5) for some in itertools.combinations(Correction, count)]


@pytest.fixture(scope="module")
def crooked() -> pages.Sample:
    """It calls for everything: askew, smaller than the glass, upside down, grey."""
    return pages.letter(5, 100, angle=4.0, turns=2, lid=200.0, noise=2.0, light=0.2)


def test_a_page_that_calls_for_everything_gets_it(crooked: pages.Sample) -> None:
    prepared = prepare(crooked.scan)
    assert prepared.corrections == tuple(Corrected(one) for one in Correction)
    assert not prepared.blank
    again = examine(prepared.scan)
    assert abs(again.paper.angle) < 0.1
    assert again.turns == 0
    assert not again.bright
    # A4, but for the corners that lay beside the glass.
    assert prepared.scan.width == pytest.approx(prepared.scan.px(210), rel=0.01)
    assert prepared.scan.height == pytest.approx(prepared.scan.px(297), rel=0.02)


def test_what_is_undone_is_said_and_not_done(crooked: pages.Sample) -> None:
    findings = examine(crooked.scan)
    for undone in subsets():
        prepared = make(crooked.scan, findings, undone=undone)
        assert [one.correction for one in prepared.corrections] == list(Correction)
        assert {one.correction for one in prepared.corrections if not one.in_force} == undone
        again = examine(prepared.scan)
        if Correction.STRAIGHTENED in undone:
            assert abs(abs(again.paper.angle) - 4.0) < 0.1
        else:
            assert abs(again.paper.angle) < 0.1
        assert again.turns == (2 if Correction.UPRIGHT in undone else 0)
        if Correction.CROPPED in undone:
            assert prepared.scan.pixels.size >= crooked.scan.pixels.size


def test_everything_undone_is_the_scan_as_it_came(crooked: pages.Sample) -> None:
    before = crooked.scan.pixels.copy()
    prepared = prepare(crooked.scan, undone=ALL)
    assert np.array_equal(prepared.scan.pixels, before)
    assert np.array_equal(crooked.scan.pixels, before), "a scan is never changed"


@pytest.mark.parametrize("turns", range(-1, 5))
def test_the_visitors_own_turns_are_clockwise(crooked: pages.Sample, turns: int) -> None:
    findings = examine(crooked.scan)
    raw = make(crooked.scan, findings, undone=ALL, quarter_turns=turns).scan.pixels
    assert np.array_equal(raw, np.rot90(crooked.scan.pixels, -turns))
    upright = make(crooked.scan, findings).scan.pixels
    turned = make(crooked.scan, findings, quarter_turns=turns).scan.pixels
    assert turned.shape[:2] == np.rot90(upright, -turns).shape[:2]
    # Resampled anew: the same but for rounding, and for how light is interpolated.
    difference = cv2.absdiff(turned, np.ascontiguousarray(np.rot90(upright, -turns)))
    assert difference.mean() < 1


def test_strips_are_the_page(crooked: pages.Sample) -> None:
    findings = examine(crooked.scan)
    whole = make(crooked.scan, findings, quarter_turns=1).scan.pixels
    parts = list(strips(crooked.scan, findings, quarter_turns=1))
    assert len(parts) > 1
    assert np.array_equal(np.concatenate(parts), whole)
    assert findings.shape(quarter_turns=1).size == whole.shape[:2]


def test_a_page_that_is_right_is_left_alone() -> None:
    drawn = pages.letter(1, 100, lid=252.0, noise=0.0, shadows=(0.0, 0.0, 0.0, 0.0)).scan.pixels
    right = Scan(np.where(drawn > 235, 254, drawn).astype(np.uint8), 100)
    prepared = prepare(right)
    assert prepared.corrections == ()
    assert np.array_equal(prepared.scan.pixels, right.pixels)


def bright(image: Pixels, dpi: float) -> Pixels:
    light, called_for = light_of(image, dpi)
    assert called_for
    out = image.copy()
    evened(out, light, 0, len(out))
    return out


def test_grey_paper_becomes_white_and_shadows_go() -> None:
    one = pages.letter(2, 150, lid=200.0, light=0.25, gutter=0.4, noise=3.0, at=(105, 148), glass=(210.0, 297.0))
    page = prepare(one.scan).scan.pixels[60:-60, 60:-60]
    assert np.median(page) == 255
    # In bands across the page, the fold among them: bare paper is white everywhere.
    for band in np.array_split(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), 12, axis=1):
        assert np.percentile(band, 60) >= 250


def test_pencil_is_no_fainter_on_white_than_it_was_on_grey() -> None:
    paper, pencil = 225, 207
    image = np.full((600, 400), paper, np.uint8)
    image[100:500:20, 50:350] = pencil
    image[101:500:20, 50:350] = pencil
    out = bright(image, 150)
    assert np.median(out) == 255
    before = 1 - pencil / paper
    after = 1 - float(out[100, 60:340].mean()) / 255
    assert after >= before


def test_a_stamp_keeps_its_colour_and_a_photograph_its_tones() -> None:
    image = np.full((800, 600, 3), (228, 226, 220), np.uint8)
    image[100:180, 100:300] = (170, 40, 60)
    image[300:700, 100:500] = np.linspace(40, 200, 400).astype(np.uint8)[:, None, None]
    out = bright(image, 150)
    red, green, blue = (float(one) for one in out[110:170, 110:290].reshape(-1, 3).mean(axis=0))
    assert red > 160
    assert max(green, blue) < 90
    tones = out[310:690, 300, 0].astype(int)
    assert (np.diff(tones) >= 0).all()
    assert tones[0] < 70
    assert tones[-1] < 245, "light tones of a photograph are not washed out"


def test_coloured_paper_keeps_its_colour() -> None:
    image = np.full((400, 300, 3), (235, 215, 170), np.uint8)
    red, green, blue = (int(one) for one in bright(image, 150)[200, 150])
    assert red == 255
    assert red > green > blue


def test_light_evens_strips_as_it_evens_the_whole() -> None:
    light = Light(np.random.default_rng(1).integers(150, 250, (30, 20, 3), np.uint8))
    image = np.full((700, 500, 3), 200, np.uint8)
    whole, parts = image.copy(), image.copy()
    evened(whole, light, 0, 700)
    for first in range(0, 700, 256):
        evened(parts[first : first + 256], light, first, 700)
    assert np.array_equal(whole, parts)


def test_both_faces_of_a_card_are_on_one_page_at_true_size() -> None:
    front = pages.card(2, 200, angle=5.0, at=(80, 100))
    back = pages.sample("card", 3, 100, angle=-3.0, at=(120, 160), shadows=(0.3, 0.3, 0.2, 0.2), lid=20.0)
    page = card(front.scan, back.scan)
    assert page.dpi == 200
    assert (page.width, page.height) == (round(page.px(210)), round(page.px(297)))
    drawn = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY) < 253
    solid = cv2.morphologyEx(drawn.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8))
    boxes = cv2.connectedComponentsWithStats(solid)[2][1:]
    faces = sorted((y, wide, high) for _, y, wide, high, area in boxes if area > page.px(30) ** 2)
    assert len(faces) == 2
    for _, wide, high in faces:
        assert 25.4 * wide / page.dpi == pytest.approx(85.6, abs=1.5)
        assert 25.4 * high / page.dpi == pytest.approx(54, abs=1.5)


def test_a_page_where_a_card_was_meant_is_made_to_go_on_the_page() -> None:
    one = pages.letter(1, 75)
    grey = Scan(to_grey(one.scan.pixels), 75)
    assert card(one.scan, grey).pixels.ndim == 3
    page = card(grey, grey)
    assert page.grey
    assert (page.width, page.height) == (620, 877)
