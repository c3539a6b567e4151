"""What is said of a page is true of it: a part of what `tests.bench.pages` measures, and the cases that went wrong."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from scanner.page import Findings, examine
from tests.bench.pages import corners_made, overlap
from tests.pages import Sample, blank, card, letter, payslip, pencil, receipt, sample
from tests.pages.collection import blank_or_not, pages
from tests.pages.glass import Laying, lay
from tests.pages.sheets import A4, Pen

HALF = (75, 100, 150)
"""Dots per inch: enough to judge by, and quick."""


@functools.cache
def seen() -> list[tuple[Sample, Findings]]:
    return [(one, examine(one.scan)) for one in pages(30, first=3000, dpis=HALF)]


def test_pages_askew_by_up_to_ten_degrees_are_measured_to_a_fifth_of_one() -> None:
    errors = [abs(found.paper.angle - one.angle) for one, found in seen()]
    assert np.mean(errors) <= 0.05
    assert max(errors) <= 0.3


def test_no_page_is_made_worse() -> None:
    worse = [
        (one.kind, one.angle, found.paper.angle)
        for one, found in seen()
        if abs(found.paper.angle - one.angle) > abs(one.angle) + 1e-9
    ]
    assert worse == []


def test_the_paper_is_found_and_nothing_of_it_is_cut_off() -> None:
    areas, lost = zip(*(overlap(one, corners_made(found)) for one, found in seen()), strict=True)
    assert np.mean(areas) >= 0.97
    assert max(lost) <= 0.05


def test_no_page_is_turned_the_wrong_way() -> None:
    told = [(one, found) for one, found in seen() if one.sided and not one.blank]
    assert [(one.kind, one.seed) for one, found in told if found.turns not in (0, -one.turns % 4)] == []
    turned = [found for one, found in told if one.turns]
    assert sum(found.turns != 0 for found in turned) >= 0.8 * len(turned)


def test_blank_and_written_are_told_apart() -> None:
    """One blank page taken for written is let pass in so few; a written one taken for blank is not."""
    wrong = [one.blank for one in blank_or_not(32, first=3000, dpis=HALF) if examine(one.scan).blank != one.blank]
    assert wrong in ([], [True])


@pytest.mark.parametrize("seed", range(6))
def test_what_shows_through_dust_and_holes_leave_a_page_blank(seed: int) -> None:
    assert examine(blank(seed, 150, angle=1.0, noise=3.0).scan).blank


@pytest.mark.parametrize("seed", range(4))
def test_faint_pencil_is_not_blank(seed: int) -> None:
    assert not examine(pencil(seed, 150, noise=3.0, light=0.15).scan).blank


@pytest.mark.parametrize("number", [9074, 9163, 9419])
def test_a_straight_page_with_next_to_nothing_on_it_is_left(number: int) -> None:
    """A paper's edge that lies straight is no speck's line; and what little there is has some best angle."""
    (one,) = pages(1, first=number)
    assert one.angle == 0
    assert examine(one.scan).paper.angle == 0


@pytest.mark.parametrize("number", [9092, 9202, 52008, 52088])
def test_an_edge_in_pieces_a_hole_in_a_shadow_and_a_streak_leave_a_page_blank(number: int) -> None:
    (one,) = blank_or_not(1, first=number)
    assert one.blank
    assert examine(one.scan).blank


def test_pencil_that_falls_into_pieces_is_not_blank() -> None:
    (one,) = blank_or_not(1, first=52073)
    assert (one.kind, one.scan.dpi) == ("pencil", 75)
    assert not examine(one.scan).blank


@pytest.mark.parametrize("dpi", [75, 150])
def test_a_faint_stamp_alone_is_not_blank(dpi: float) -> None:
    pen = Pen(A4, dpi, "stamp")
    pen.stamp(165, 20, 22, (214, 200, 228))
    assert not examine(lay(pen.sheet("stamp"), Laying(angle=2.0, noise=3.0), 1).scan).blank


@pytest.mark.parametrize("lid", [248.0, 215.0, 20.0])
def test_a_receipt_and_a_card_are_cut_out_under_any_lid(lid: float) -> None:
    for one in (receipt(1, 150, angle=-6.0, lid=lid, at=(100, 140)), card(1, 150, angle=4.0, lid=lid, at=(90, 120))):
        found = examine(one.scan)
        area, lost = overlap(one, corners_made(found))
        assert found.crop
        assert area > 0.95
        assert lost < 0.03


def test_paper_whose_edges_nobody_can_see_is_not_cut() -> None:
    """White paper, white lid, no shadow: not a letter of it may be taken for the edge."""
    one = payslip(2, 150, lid=250.0, shadows=(0.0, 0.0, 0.0, 0.0), noise=2.0)
    assert overlap(one, corners_made(examine(one.scan)))[1] == 0


def test_a_speck_on_the_feeders_glass_is_neither_an_edge_nor_a_line_of_the_page() -> None:
    one = letter(4, 150, angle=-3.0, streak=True, lid=225.0)
    found = examine(one.scan)
    assert abs(found.paper.angle - one.angle) < 0.1
    assert overlap(one, corners_made(found))[0] > 0.97
    empty = blank(0, 150, streak=True, stripes=1.5)
    assert examine(empty.scan).blank


@pytest.mark.parametrize("turns", range(4))
def test_capitals_and_figures_tell_the_way_up_as_letters_do(turns: int) -> None:
    for kind in ("letter", "payslip", "receipt"):
        one = sample(kind, 11, 100, turns=turns, angle=1.5, glass=(300.0, 300.0), lid=220.0)
        assert examine(one.scan).turns == -turns % 4, kind


@pytest.mark.parametrize("kind", ["note", "photo", "blank", "pencil"])
def test_where_nothing_tells_the_way_a_page_is_left(kind: str) -> None:
    assert [examine(sample(kind, seed, 150, noise=2.0).scan).turns for seed in range(3)] == [0, 0, 0]
