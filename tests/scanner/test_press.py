"""The press: what it has of a large page in memory, and what it makes of a card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from scanner import jpeg
from scanner.messages import Impossible, Prepare, Prepared
from scanner.model import Corrected, Correction
from scanner.raster import PageFile
from tests.pages import Sample, card, letter, sample
from tests.scanner.pressing import Pressing, large_page, pressing

WORKER = 32 << 20
"""Bytes that the feed and the supervisor have of their own while the press works (25 measured)."""
ALL = tuple(Correction)


@pytest.fixture
def press(pages: Path) -> Iterator[Pressing]:
    with pressing(pages) as one:
        yield one


def put(pages: Path, name: str, sample: Sample) -> None:
    scan = sample.scan
    file = PageFile(pages, name, scan.width, 1 if scan.grey else 3, scan.dpi)
    file.write(scan.pixels.tobytes())
    file.keep(scan.height)


def prepared(press: Pressing, task: Prepare) -> Prepared:
    said = press.ask(task)
    assert isinstance(said, Prepared)
    return said


def test_a_large_page_never_takes_twice_its_size(press: Pressing) -> None:
    """As it is made right, changed, shown, and made again from its small copy: A4 in colour, 600 dots an inch."""
    raw, peaks = large_page(press)
    assert all(raw < peak for peak in peaks.values()), "else this measures nothing"
    assert {what: peak / raw for what, peak in peaks.items() if peak > 2 * raw - WORKER} == {}


def test_a_page_is_looked_at_once(press: Pressing, pages: Path) -> None:
    put(pages, "page", letter(5, 100, angle=4.0, turns=2, lid=200.0, light=0.2))
    first = prepared(press, Prepare("page", 1, "page"))
    assert [one.correction for one in first.corrections] == list(Correction)
    (verdict,) = first.verdicts
    assert abs(verdict.angle - 4.0) < 0.1
    # What was found is believed: nobody looks whether it lies upright.
    told = msgspec.structs.replace(verdict, turns=0)
    again = prepared(press, Prepare("page", 2, "page", verdicts=(told,)))
    assert again.verdicts == (told,)
    assert Correction.UPRIGHT not in {one.correction for one in again.corrections}
    upside_down, right = (jpeg.read(pages / f"page.{version}.jpg") for version in (2, 1))
    assert cv2.absdiff(upside_down, np.ascontiguousarray(right[::-1, ::-1])).mean() < 2
    # Of another page, it is not.
    other = msgspec.structs.replace(told, width=told.width + 1)
    assert prepared(press, Prepare("page", 3, "page", verdicts=(other,))).verdicts == first.verdicts


def test_the_corrections_of_a_card_are_those_of_both_faces(press: Pressing, pages: Path) -> None:
    put(pages, "front", card(2, 100, angle=5.0, at=(80, 100)))
    put(pages, "back", sample("card", 3, 100, angle=0.0, at=(120, 160), shadows=(0.3, 0.3, 0.2, 0.2), lid=20.0))
    said = prepared(press, Prepare("card", 1, "front", "back"))
    assert {one.correction for one in said.corrections} >= {Correction.STRAIGHTENED, Correction.CROPPED}
    assert all(one.in_force for one in said.corrections)
    assert [abs(one.angle) > 1 for one in said.verdicts] == [True, False]
    whole = jpeg.read(pages / "card.1.jpg")
    undone = prepared(press, Prepare("card", 2, "front", "back", undone=(Correction.CROPPED,), verdicts=said.verdicts))
    assert [one.correction for one in undone.corrections] == [one.correction for one in said.corrections]
    assert Corrected(Correction.CROPPED, in_force=False) in undone.corrections
    larger = jpeg.read(pages / "card.2.jpg")
    assert larger.shape == whole.shape
    assert np.count_nonzero(larger < 250) > 1.5 * np.count_nonzero(whole < 250), "the glass around it is there"
    turned = prepared(press, Prepare("card", 3, "front", "back", quarter_turns=1, verdicts=said.verdicts))
    assert turned.corrections == said.corrections
    lying = jpeg.read(pages / "card.3.jpg")
    assert cv2.absdiff(lying, np.ascontiguousarray(np.rot90(whole, -1))).mean() < 0.5


def test_what_is_no_page_is_impossible_and_the_press_goes_on(press: Pressing, pages: Path) -> None:
    (pages / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert press.ask(Prepare("broken", 1, "broken")) == Impossible()
    put(pages, "page", letter(1, 75))
    prepared(press, Prepare("page", 1, "page", plain=True))
    assert sorted(path.name for path in pages.iterdir()) == ["broken.jpg", "page.1.jpg", "page.raw"]
