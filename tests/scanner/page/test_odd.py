"""What nobody scans, and what is no page at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.model import Correction
from scanner.page import Scan, card, examine, make, prepare
from scanner.page.model import MAX_SIDE

SIDES = st.one_of(st.integers(1, 40), st.sampled_from([1, 2, 3, 64, 255, 256, 257, 600]))
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@FEW
@given(
    high=SIDES,
    wide=SIDES,
    dpi=st.sampled_from([20.0, 75.0, 300.0, 1200.0]),
    grey=st.booleans(),
    seed=st.one_of(st.none(), st.integers(0, 9)),
    level=st.sampled_from([0, 1, 128, 254, 255]),
    undone=st.frozensets(st.sampled_from(Correction)),
    turns=st.integers(-5, 5),
)
def test_a_page_of_any_size_comes_through(
    high: int,
    wide: int,
    dpi: float,
    grey: bool,
    seed: int | None,
    level: int,
    undone: frozenset[Correction],
    turns: int,
) -> None:
    shape = (high, wide) if grey else (high, wide, 3)
    if seed is None:
        page = np.full(shape, level, np.uint8)
    else:
        page = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    scan = Scan(page, dpi)
    findings = examine(scan)
    made = make(scan, findings, undone=undone, quarter_turns=turns)
    assert made.scan.pixels.dtype == np.uint8
    assert made.scan.pixels.ndim == page.ndim
    assert {one.correction for one in made.corrections if one.in_force}.isdisjoint(undone)
    raw = make(scan, findings, undone=frozenset(Correction), quarter_turns=turns).scan.pixels
    assert np.array_equal(raw, np.rot90(page, -turns))


@pytest.mark.parametrize("shape", [(1, 20_000), (20_000, 1, 3), (30, MAX_SIDE), (MAX_SIDE, 40, 3)])
@pytest.mark.parametrize("level", [0, 255])
def test_strips_of_paper(shape: tuple[int, ...], level: int) -> None:
    prepared = prepare(Scan(np.full(shape, level, np.uint8), 300))
    assert prepared.blank
    assert prepared.scan.pixels.shape == shape


@pytest.mark.parametrize("level", [0, 255])
def test_a_page_all_black_or_all_white_is_blank_and_left_alone(level: int) -> None:
    page = np.full((877, 620, 3), level, np.uint8)
    prepared = prepare(Scan(page, 75))
    assert prepared.blank
    assert prepared.corrections == ()
    assert np.array_equal(prepared.scan.pixels, page)


def test_pixels_need_not_lie_together() -> None:
    page = np.random.default_rng(3).integers(200, 256, (300, 200, 3), np.uint8)
    apart = Scan(np.ascontiguousarray(page[:, ::-1])[:, ::-1], 100)
    assert not apart.pixels.flags.c_contiguous
    assert np.array_equal(prepare(apart).scan.pixels, prepare(Scan(page, 100)).scan.pixels)


def test_a_page_that_nobody_may_write_to_is_enough() -> None:
    page = np.random.default_rng(3).integers(0, 256, (300, 200), np.uint8)
    page.flags.writeable = False
    assert prepare(Scan(page, 100)).scan.pixels.flags.writeable


@pytest.mark.parametrize(
    ("page", "dpi"),
    [
        (np.zeros((4, 4), np.float32), 100),
        (np.zeros((4, 4), np.uint16), 100),
        (np.zeros((4, 4, 4), np.uint8), 100),
        (np.zeros((4, 4, 1), np.uint8), 100),
        (np.zeros(4, np.uint8), 100),
        (np.zeros((0, 4), np.uint8), 100),
        (np.zeros((4, 0, 3), np.uint8), 100),
        (np.zeros((1, MAX_SIDE + 1), np.uint8), 100),
        (np.zeros((4, 4), np.uint8), 0),
        (np.zeros((4, 4), np.uint8), -300),
        (np.zeros((4, 4), np.uint8), float("nan")),
        (np.zeros((4, 4), np.uint8), float("inf")),
        (np.zeros((4, 4), np.uint8), 100_000),
    ],
)
def test_what_is_no_page_is_refused(page: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], dpi: float) -> None:
    with pytest.raises(ValueError, match=r"a page (has|is)"):
        Scan(page, dpi)


def test_cards_of_a_pixel() -> None:
    dot = Scan(np.zeros((1, 1), np.uint8), 75)
    assert card(dot, dot).pixels.shape == (877, 620)
