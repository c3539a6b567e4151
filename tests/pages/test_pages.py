"""The makers of test pages keep their word: else what they prove is nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.pages import SHEETS, Sample, blank, letter, sample, write_pnm
from tests.pages.collection import pages


@pytest.mark.parametrize("kind", SHEETS)
def test_the_same_seed_gives_the_same_pixels(kind: str) -> None:
    one, again, other = (sample(kind, seed, 75, angle=2.0, noise=3.0) for seed in (1, 1, 2))
    assert np.array_equal(one.scan.pixels, again.scan.pixels)
    assert not np.array_equal(one.scan.pixels, other.scan.pixels)


@pytest.mark.parametrize(("angle", "turns"), [(0.0, 0), (7.0, 0), (-4.0, 1), (3.0, 2)])
def test_the_corners_are_where_the_paper_is(angle: float, turns: int) -> None:
    one = letter(1, 75, angle=angle, turns=turns, lid=10.0, glass=(330.0, 330.0), at=(165, 165), noise=0.0)
    drawn = cv2.fillPoly(
        np.zeros(one.scan.pixels.shape[:2], np.uint8), [np.round(one.corners * 16 - 8).astype(np.int32)], (1,), shift=4
    )
    bright = cv2.morphologyEx((one.scan.pixels[..., 1] > 120).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25)))
    assert np.count_nonzero(drawn != bright) < 0.02 * drawn.size


def test_a_page_that_lies_beside_the_glass_is_blank() -> None:
    assert letter(1, 75).blank is False
    assert letter(1, 75, at=(-90.0, 150.0)).blank is True
    assert blank(1, 75).blank is True


def test_the_collection_has_every_kind_and_the_hard_ones() -> None:
    found: list[Sample] = list(pages(45, dpis=(75,)))
    assert {one.kind for one in found} == set(SHEETS)
    assert {one.turns for one in found} == {0, 1, 2, 3}
    assert max(abs(one.angle) for one in found) > 8
    assert any(one.laying.lid < 50 for one in found)
    assert any(one.laying.streak for one in found)
    assert any(one.scan.grey for one in found)
    assert any(one.laying.jpeg for one in found)


@pytest.mark.parametrize("grey", [False, True])
def test_a_pnm_is_read_by_others(tmp_path: Path, grey: bool) -> None:
    one = letter(1, 75, grey=grey)
    write_pnm(tmp_path / "page.pnm", one.scan)
    seen = cv2.imread(str(tmp_path / "page.pnm"), cv2.IMREAD_UNCHANGED)
    assert seen is not None
    assert np.array_equal(seen if grey else seen[..., ::-1], one.scan.pixels)
